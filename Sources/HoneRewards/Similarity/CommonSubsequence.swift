/// The longest common subsequence of two sequences.
enum CommonSubsequence {
    /// Its length, in time |a| · |b| and memory |b|.
    static func length<Element: Hashable>(_ a: [Element], _ b: [Element]) -> Int {
        // Numbers compare faster than words.
        var numbers: [Element: Int32] = [:]
        func number(_ element: Element) -> Int32 {
            if let known = numbers[element] { return known }
            let next = Int32(numbers.count)
            numbers[element] = next
            return next
        }
        let left = a.map(number)
        let right = b.map(number)
        guard !left.isEmpty, !right.isEmpty else { return 0 }
        var row = [Int32](repeating: 0, count: right.count + 1)
        for element in left {
            var diagonal: Int32 = 0
            for column in right.indices {
                let above = row[column + 1]
                row[column + 1] =
                    element == right[column] ? diagonal + 1 : max(above, row[column])
                diagonal = above
            }
        }
        return Int(row[right.count])
    }
}
