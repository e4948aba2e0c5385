/// The known name that a misspelt one was probably meant to be.
enum NearestName {
    /// The name of least edit distance, if that is at most a third of its length (and at least 1).
    static func to(_ name: String, among known: some Sequence<String>) -> String? {
        known.map { (name: $0, distance: distance(name.lowercased(), $0.lowercased())) }
            .filter { $0.distance <= max(1, $0.name.count / 3) }
            .min { $0.distance < $1.distance }?.name
    }

    /// ` Did you mean "x"?`, or the list of what there is.
    static func hint(for name: String, among known: [String]) -> String {
        if let nearest = to(name, among: known) { return "; did you mean \"\(nearest)\"?" }
        return known.isEmpty ? "" : "; known are " + known.joined(separator: ", ")
    }

    /// Levenshtein distance.
    private static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right)
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let substituted = diagonal + (a == b ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[right.count]
    }
}
