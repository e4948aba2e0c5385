import Torch

/// How much an engine may hold and do at once.
public struct EngineLimits: Sendable, Hashable {
    /// Bytes of keys and values; never exceeded. On the CPU pages never used cost nothing.
    public var cacheBytes: Int
    /// Completions that decode together.
    public var rows: Int
    /// Prompt tokens computed in one call: bounds the memory of a long prompt.
    public var prefillTokens: Int

    public init(
        cacheBytes: Int = EngineLimits.defaultCacheBytes(), rows: Int = 256,
        prefillTokens: Int = 2048
    ) {
        self.cacheBytes = cacheBytes
        self.rows = rows
        self.prefillTokens = prefillTokens
    }

    /// A quarter of the memory that could be had now, at least 64 MiB; 2 GiB where that is unknown.
    public static func defaultCacheBytes() -> Int {
        MemoryFigures.availableBytes.map { max($0 / 4, 64 << 20) } ?? 2 << 30
    }
}
