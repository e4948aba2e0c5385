/// Why a dataset cannot be used.
public enum DatasetError: Error, Sendable, Hashable, CustomStringConvertible {
    case unreadable(path: String, reason: String)
    case unknownFormat(path: String)
    case empty(path: String)
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
        /// Where the row begins, from 1.
        public var line: Int
        public var message: String

        public init(line: Int, message: String) {
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
        case .unknownFormat(let path):
            return "\(path): the ending says neither JSON lines (.jsonl) nor CSV (.csv); "
                + "set dataset.format"
        case .empty(let path): return "\(path) has no rows"
        case .badRows(let path, let first, let count):
            var lines = first.map { "\(path):\($0.line): \($0.message)" }
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
}
