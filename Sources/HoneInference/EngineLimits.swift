public import Torch

/// How much an engine may hold and do at once.
public struct EngineLimits: Sendable, Hashable {
    /// Bytes of keys and values; never exceeded. On the CPU pages never used cost nothing. Nil plans
    /// by the device: ``defaultCacheBytes(on:)``.
    public var cacheBytes: Int?
    /// Completions that decode together.
    public var rows: Int
    /// Prompt tokens computed in one call: bounds the memory of a long prompt.
    public var prefillTokens: Int

    public init(
        cacheBytes: Int? = nil, rows: Int = 256, prefillTokens: Int = 2048
    ) {
        self.cacheBytes = cacheBytes
        self.rows = rows
        self.prefillTokens = prefillTokens
    }

    /// On the CPU a quarter of the memory that could be had now, at least 64 MiB, or 2 GiB where that
    /// is unknown; on a GPU, whose cache takes its memory at once, 4 GiB.
    public static func defaultCacheBytes(on device: Device) -> Int {
        guard device == .cpu else { return 4 << 30 }
        return MemoryFigures.availableBytes.map { max($0 / 4, 64 << 20) } ?? 2 << 30
    }
}
