import HoneCore

/// What became of the records of a dataset's files.
public struct RowCensus: Sendable, Hashable {
    /// Records in the files, bad ones included.
    public var read = 0
    /// Rows that each step of the recipe dropped.
    public var dropped: [Int]
    /// Rows left out because an earlier one has their prompt.
    public var duplicates = 0
    public var bad = 0
    /// The first bad rows, with their files.
    public var firstBad: [DatasetError.BadRow] = []

    init(steps: Int) { dropped = Array(repeating: 0, count: steps) }

    mutating func note(_ row: DatasetError.BadRow, path: String) {
        bad += 1
        guard firstBad.count < DatasetError.listedRows else { return }
        firstBad.append(DatasetError.BadRow(path: path, line: row.line, message: row.message))
    }
}

extension DatasetConfig {
    /// How many of `count` rows may be bad.
    public func toleratedBadRows(of count: Int) -> Int {
        max(maxBadRows, Int(maxBadFraction * Double(count)))
    }

    /// What a person should know of the rows that were left out, under the name of their file.
    func warnings(of census: RowCensus, path: String) -> [String] {
        var warnings: [String] = []
        if census.bad > 0 {
            let first = census.firstBad[0]
            warnings.append(
                "\(path): \(census.bad) of \(census.read) rows are bad and left out; the first: "
                    + "line \(first.line): \(first.message)")
        }
        for (position, count) in census.dropped.enumerated() where count > 0 {
            warnings.append(
                "\(path): \(count) of \(census.read) rows are dropped by dataset.steps[\(position)] "
                    + "(\(steps[position].summary))")
        }
        if census.duplicates > 0 {
            warnings.append(
                "\(path): \(census.duplicates) of \(census.read) rows ask what an earlier row asks "
                    + "and are dropped")
        }
        return warnings
    }
}
