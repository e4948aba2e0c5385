import CTorch

extension Kernels {
    /// Tokens in a block of a key/value cache.
    public static let cacheBlockLength = Int(CT_CACHE_BLOCK)

    /// The new tokens of one sequence in a packed batch, and where its past lies in the cache.
    ///
    /// Positions below `sharedLength` lie in the blocks listed from `sharedTable` on (a prompt that
    /// several sequences share), later ones in those from `ownTable` on; each part begins a block.
    public struct CacheSpan: Sendable, Hashable {
        /// First row among the N packed ones.
        public var firstRow: Int
        public var rowCount: Int
        /// Position of the first row in its sequence.
        public var firstPosition: Int
        public var sharedLength: Int
        public var sharedTable: Int
        public var ownTable: Int

        public init(
            firstRow: Int, rowCount: Int, firstPosition: Int, sharedLength: Int, sharedTable: Int,
            ownTable: Int
        ) {
            self.firstRow = firstRow
            self.rowCount = rowCount
            self.firstPosition = firstPosition
            self.sharedLength = sharedLength
            self.sharedTable = sharedTable
            self.ownTable = ownTable
        }

        var code: ct_cache_span {
            ct_cache_span(
                first_row: Int64(firstRow), rows: Int64(rowCount),
                first_position: Int64(firstPosition), shared_length: Int64(sharedLength),
                shared_table: Int64(sharedTable), own_table: Int64(ownTable))
        }
    }

    /// Whether ``cachedAttention(query:key:value:keyPool:valuePool:spans:tables:scale:window:softCap:)``
    /// can work with tensors like these.
    public static func supportsCachedAttention(
        dtype: DType, device: Device, headWidth: Int
    ) -> Bool {
        guard device == .cpu else { return false }
        return dtype == .float32 || dtype == .bfloat16 && headWidth.isMultiple(of: 2)
    }

    /// Shapes of the two pools of one layer: keys [blocks, K, D, 16], so that one vector holds a
    /// channel of sixteen keys, and values [blocks, K, 16, D rounded up to 16]. In bf16 a vector holds two
    /// channels of each key, side by side: under the same shape the keys are [blocks, K, D/2, 16, 2].
    public static func cachePoolShapes(
        blocks: Int, keyHeads: Int, headWidth: Int
    ) -> (key: [Int], value: [Int]) {
        let length = cacheBlockLength
        let padded = (headWidth + length - 1) / length * length
        return ([blocks, keyHeads, headWidth, length], [blocks, keyHeads, length, padded])
    }

    /// Writes the new keys and values to the cache and attends over it: [N, H, D].
    ///
    /// Scores and sums are in f32 whatever the tensors' type. The result of a row does not depend on
    /// the other rows, on how a sequence was cut into calls, or on the number of threads.
    ///
    /// - Parameters:
    ///   - query: [N, H, D].
    ///   - key: [N, K, D]; K divides H.
    ///   - value: [N, K, D].
    ///   - keyPool: as ``cachePoolShapes(blocks:keyHeads:headWidth:)`` says; changed.
    ///   - valuePool: the same.
    ///   - spans: one for each sequence of the batch; together they cover the N rows.
    ///   - tables: block numbers that the spans point into.
    ///   - scale: what scores are multiplied with.
    ///   - window: positions each row looks back, itself included; nil sees all.
    ///   - softCap: scores become cap · tanh(score / cap).
    public static func cachedAttention(
        query: Tensor, key: Tensor, value: Tensor, keyPool: Tensor, valuePool: Tensor,
        spans: [CacheSpan], tables: [Int32], scale: Double, window: Int? = nil,
        softCap: Double? = nil
    ) throws(TorchError) -> Tensor {
        let lowered = spans.map(\.code)
        let result = lowered.withUnsafeBufferPointer { spans in
            tables.withUnsafeBufferPointer { tables in
                ct_cached_attention(
                    query.handle, key.handle, value.handle, keyPool.handle, valuePool.handle,
                    spans.baseAddress, Int64(spans.count), tables.baseAddress, scale,
                    Int64(window ?? 0), softCap ?? 0)
            }
        }
        return try wrap(
            result, "cachedAttention", [query, key, value, keyPool, valuePool])
    }
}
