import OrderedCollections

/// Why a dataset cannot be used.
public enum DatasetError: Error, Sendable, Hashable, CustomStringConvertible {
    case unreadable(path: String, reason: String)
    /// `found`: how it begins.
    case unknownFormat(path: String, found: String)
    /// It is no longer what it was when its rows were counted.
    case changed(path: String)
    /// A step of the recipe that can be applied to no row.
    case badStep(position: Int, reason: String)
    /// A folder in which no rows, or no such split, can be found.
    case badFolder(path: String, reason: String)
    /// A Parquet or Arrow file that could not be converted.
    case unconverted(path: String, reason: String)
    case empty(path: String)
    /// The recipe's steps leave none of its rows.
    case allDropped(path: String, rows: Int)
    /// The first bad rows and how many there are in all.
    case badRows(path: String, first: [BadRow], count: Int)
    /// The split leaves nothing to train on or nothing to test.
    case impossibleSplit(reason: String)
    /// Rows longer than allowed, with `overlong: refuse`.
    case tooLong(path: String, rows: [OverlongRow], limit: Int)
    /// Every row was dropped.
    case nothingLeft(path: String, dropped: Int, limit: Int)
    /// A step needs more rows than there are.
    case tooFewRows(path: String, rows: Int, needed: Int)
    /// A step was asked for that the run was not made for.
    case beyondTheRun(step: Int)

    /// A row that cannot be used.
    public struct BadRow: Sendable, Hashable {
        /// Its file, where that is not the one that the error names.
        public var path: String?
        /// Where the row begins, from 1; in Parquet and Arrow files the number of the row.
        public var line: Int
        public var message: String

        public init(path: String? = nil, line: Int, message: String) {
            self.path = path
            self.line = line
            self.message = message
        }
    }

    public struct OverlongRow: Sendable, Hashable {
        public var index: Int
        public var tokens: Int

        public init(index: Int, tokens: Int) {
            self.index = index
            self.tokens = tokens
        }
    }

    /// At most this many bad rows are listed.
    public static let listedRows = 20

    public var description: String {
        switch self {
        case .unreadable(let path, let reason): return "\(path) cannot be read: \(reason)"
        case .unknownFormat(let path, let found):
            return "\(path): neither what it holds (\(found)) nor its ending says how its rows are "
                + "written; set dataset.format"
        case .changed(let path):
            return "\(path) was changed after its rows were counted; start again"
        case .badStep(let position, let reason): return "dataset.steps[\(position)]: \(reason)"
        case .badFolder(let path, let reason): return "\(path): \(reason)"
        case .unconverted(let path, let reason): return "\(path): \(reason)"
        case .empty(let path): return "\(path) has no rows"
        case .allDropped(let path, let rows):
            return "\(path): dataset.steps leave none of its \(rows) rows"
        case .badRows(let path, let first, let count):
            var lines = Self.listing(first, path: path)
            if count > first.count { lines.append("… \(count) bad rows in all") }
            return lines.joined(separator: "\n")
        case .impossibleSplit(let reason): return "dataset.test: \(reason)"
        case .tooLong(let path, let rows, let limit):
            let listed = rows.prefix(Self.listedRows)
                .map { "row \($0.index) (\($0.tokens))" }.joined(separator: ", ")
            return "\(path): \(rows.count) rows are longer than \(limit) tokens: \(listed); raise "
                + "the limit, or set dataset.overlong to drop or truncate"
        case .nothingLeft(let path, let dropped, let limit):
            return "\(path): all \(dropped) rows are longer than \(limit) tokens and were dropped; "
                + "raise the limit, or set dataset.overlong: truncate"
        case .tooFewRows(let path, let rows, let needed):
            return "\(path): a step asks \(needed) different rows, but there are only \(rows) to "
                + "train on; lower grpo.num_prompts"
        case .beyondTheRun(let step):
            return "step \(step) lies beyond the steps this run was made for"
        }
    }

    /// A line for each bad row; rows with the same fault share one, and another that has their numbers.
    private static func listing(_ rows: [BadRow], path: String) -> [String] {
        let faults = OrderedDictionary(grouping: rows) {
            BadRow(path: $0.path, line: 0, message: $0.message)
        }
        return faults.values.flatMap { rows -> [String] in
            let head = "\(rows[0].path ?? path):\(rows[0].line): \(rows[0].message)"
            guard rows.count > 1 else { return [head] }
            let others = stretches(rows.dropFirst().map(\.line)).joined(separator: ", ")
            return [head, "    the same: line\(rows.count > 2 ? "s" : "") \(others)"]
        }
    }

    /// Ascending numbers as `2–4`, `7`.
    private static func stretches(_ numbers: [Int]) -> [String] {
        var found: [ClosedRange<Int>] = []
        for number in numbers {
            if let last = found.last, last.upperBound == number - 1 {
                found[found.count - 1] = last.lowerBound...number
            } else {
                found.append(number...number)
            }
        }
        return found.map {
            $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)–\($0.upperBound)"
        }
    }
}
