import HoneCore

/// The longest row a run takes and what becomes of longer ones.
public struct LengthLimit: Sendable, Hashable {
    /// Tokens; `nil` takes any length.
    public var tokens: Int?
    public var overlong: DatasetConfig.Overlong

    public init(tokens: Int?, overlong: DatasetConfig.Overlong) {
        self.tokens = tokens
        self.overlong = overlong
    }

    func isExceeded(by count: Int) -> Bool { tokens.map { count > $0 } ?? false }
}

/// How many rows were too long.
public struct LengthReport: Sendable, Hashable {
    public var dropped = 0
    public var truncated = 0
    /// Tokens of the longest row before anything was cut.
    public var longest = 0

    public init() {}

    /// What to tell the user; `nil` when every row fitted.
    public func warning(_ what: String, limit: Int?) -> String? {
        guard dropped + truncated > 0, let limit else { return nil }
        let fates = [(dropped, "dropped"), (truncated, "truncated")].filter { $0.0 > 0 }
            .map { "\($0.0) \(what) \($0.0 == 1 ? "is" : "are") \($0.1)" }
        return
            "\(fates.joined(separator: ", ")): longer than \(limit) tokens (the longest has \(longest))"
    }
}

extension PromptEncoder {
    /// All of `rows` as prompts, those too long dropped or cut at their beginning as `limit` says.
    /// - Parameter path: names the dataset in errors.
    /// - Parameter limit: The longest row and what becomes of longer ones.
    /// - Parameter rows: The rows of the dataset.
    /// - Throws: ``EncodingError``; ``DatasetError/tooLong(path:rows:limit:)`` when `limit` refuses.
    public func encode(_ rows: DatasetRows<DatasetRow>, limit: LengthLimit, path: String) throws
        -> (prompts: [EncodedPrompt], report: LengthReport)
    {
        var report = LengthReport()
        var refused: [DatasetError.OverlongRow] = []
        let prompts = try rows.compactMap { row in
            try fitting(row, limit, &report, &refused)
        }
        try Self.check(refused, limit, path)
        return (prompts, report)
    }

    /// The prompt of `row`, cut where `limit` says so; `nil` if it is too long.
    func fitted(_ row: DatasetRow, _ limit: LengthLimit) throws -> EncodedPrompt? {
        var report = LengthReport()
        var refused: [DatasetError.OverlongRow] = []
        return try fitting(row, limit, &report, &refused)
    }

    /// The prompt of `row` if it may be used.
    func fitting(
        _ row: DatasetRow, _ limit: LengthLimit, _ report: inout LengthReport,
        _ refused: inout [DatasetError.OverlongRow]
    ) throws -> EncodedPrompt? {
        var prompt = try encode(row)
        report.longest = max(report.longest, prompt.tokens.count)
        guard let most = limit.tokens, limit.isExceeded(by: prompt.tokens.count) else {
            return prompt
        }
        switch limit.overlong {
        case .drop:
            report.dropped += 1
            return nil
        case .truncate:
            report.truncated += 1
            prompt.tokens = Array(prompt.tokens.suffix(most))
            return prompt
        case .refuse:
            refused.append(DatasetError.OverlongRow(index: row.index, tokens: prompt.tokens.count))
            return nil
        }
    }

    static func check(
        _ refused: [DatasetError.OverlongRow], _ limit: LengthLimit, _ path: String
    ) throws {
        guard !refused.isEmpty, let most = limit.tokens else { return }
        throw DatasetError.tooLong(path: path, rows: refused, limit: most)
    }
}
