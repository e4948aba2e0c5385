/// What a low-rank adapter looks like, by the names of peft.
public struct LoRAConfig: Sendable, Hashable {
    /// r: columns of B and rows of A. At least 1.
    public var rank: Int
    /// Times 1 / rank (or 1 / √rank), this scales what the adapter adds.
    public var alpha: Double
    /// Share of the adapter's inputs zeroed in training. [0, 1).
    public var dropout: Double
    public var targets: Targets
    public var scaling: Scaling
    /// Ranks of single layers, by name or pattern of their names.
    public var rankPattern: [String: Int]
    /// Alphas of single layers, likewise.
    public var alphaPattern: [String: Double]

    public enum Targets: Sendable, Hashable {
        /// Every linear layer of the decoder; not the head.
        case allLinear
        /// Layers whose path is one of the names or ends with "." and one of them.
        case names([String])
    }

    public enum Scaling: String, Sendable, Hashable {
        /// alpha / rank
        case standard
        /// alpha / √rank (Kalajdzievski 2023, arXiv 2312.03732)
        case rankStabilized
    }

    public init(
        rank: Int = 16, alpha: Double = 64, dropout: Double = 0, targets: Targets = .allLinear,
        scaling: Scaling = .standard, rankPattern: [String: Int] = [:],
        alphaPattern: [String: Double] = [:]
    ) {
        self.rank = rank
        self.alpha = alpha
        self.dropout = dropout
        self.targets = targets
        self.scaling = scaling
        self.rankPattern = rankPattern
        self.alphaPattern = alphaPattern
    }

    /// - Throws: ``ModelError/invalidAdapter(reason:)`` naming the value that is out of range.
    public func validate() throws(ModelError) {
        for rank in [rank] + rankPattern.values where rank < 1 {
            throw .invalidAdapter(reason: "a rank must be at least 1, not \(rank)")
        }
        for alpha in [alpha] + alphaPattern.values where !(alpha.isFinite && alpha > 0) {
            throw .invalidAdapter(reason: "an alpha must be above 0, not \(alpha)")
        }
        guard dropout >= 0, dropout < 1 else {
            throw .invalidAdapter(reason: "dropout must be in [0, 1), not \(dropout)")
        }
        if case .names(let names) = targets, names.isEmpty {
            throw .invalidAdapter(reason: "it names no target modules")
        }
        let patterns = Set(rankPattern.keys).union(alphaPattern.keys)
        for pattern in patterns.sorted() where Self.expression(pattern) == nil {
            throw .invalidAdapter(
                reason: "the layers' pattern \(pattern) is not a regular expression")
        }
    }

    /// The rank of the layer at `path`.
    func rank(of path: String) -> Int { Self.matching(rankPattern, path) ?? rank }

    /// What the adapter of the layer at `path` multiplies its product with, at its own `rank`.
    func scale(of path: String, rank: Int) -> Double {
        let alpha = Self.matching(alphaPattern, path) ?? alpha
        switch scaling {
        case .standard: return alpha / Double(rank)
        case .rankStabilized: return alpha / Double(rank).squareRoot()
        }
    }

    /// Whether `path` is `name` or ends with "." and `name`.
    static func path(_ path: String, endsWith name: String) -> Bool {
        path == name || path.hasSuffix("." + name)
    }

    /// The value of the first pattern, in the order of their names, that matches the end of `path`.
    private static func matching<Value>(_ patterns: [String: Value], _ path: String) -> Value? {
        patterns.sorted { $0.key < $1.key }.first { pattern, _ in
            if Self.path(path, endsWith: pattern) { return true }
            // What is no expression has been refused by `validate`.
            return expression(pattern).map { path.wholeMatch(of: $0) != nil } ?? false
        }?.value
    }

    /// peft reads a layer's pattern as a regular expression for the end of its path; `nil` for one that is
    /// none.
    private static func expression(_ pattern: String) -> Regex<AnyRegexOutput>? {
        try? Regex("(.*\\.)?(\(pattern))")
    }
}
