import CTorch

extension Kernels {
    /// One sequence among packed rows: its own rows attend causally to themselves and to all rows of
    /// its past.
    public struct AttentionSpan: Sendable, Hashable {
        public var past: Range<Int>
        public var own: Range<Int>

        public init(past: Range<Int>, own: Range<Int>) {
            self.past = past
            self.own = own
        }

        fileprivate var code: ct_attention_span {
            ct_attention_span(
                past_start: Int64(past.lowerBound), past_length: Int64(past.count),
                own_start: Int64(own.lowerBound), own_length: Int64(own.count))
        }
    }

    /// Whether ``packedAttention(query:key:value:spans:scale:window:softCap:)`` can work with tensors
    /// like these.
    public static func supportsPackedAttention(dtype: DType, device: Device) -> Bool {
        device == .cpu && (dtype == .float32 || dtype == .bfloat16)
    }

    /// softmax(cap(scale · query · keyᵀ)) · value over packed rows, [N, H, D], with gradients to all
    /// three.
    ///
    /// Several spans may share a past; it is neither copied in the packed rows nor in what the backward
    /// pass keeps, which is the inputs, the result and one number for each row and head. Weights are
    /// computed a block at a time and again in the backward pass. Products are in the tensors' type,
    /// sums over keys and the softmax in f32.
    ///
    /// - Parameters:
    ///   - query: [N, H, D].
    ///   - key: [N, K, D]; K divides H.
    ///   - value: [N, K, D].
    ///   - spans: own rows must not overlap or be empty; rows that are no span's own give 0. Spans
    ///     with equally long pasts and similar lengths are worked on together where they follow each
    ///     other.
    ///   - window: how many tokens a row looks back, itself included; nil for all.
    ///   - softCap: cap(x) = softCap · tanh(x / softCap); nil for none.
    ///   - scale: What scores are multiplied with.
    public static func packedAttention(
        query: Tensor, key: Tensor, value: Tensor, spans: [AttentionSpan], scale: Double,
        window: Int? = nil, softCap: Double? = nil
    ) throws(TorchError) -> Tensor {
        let codes = spans.map(\.code)
        let result = codes.withUnsafeBufferPointer { buffer in
            ct_packed_attention(
                query.handle, key.handle, value.handle, buffer.baseAddress, Int64(buffer.count),
                scale, Int64(window ?? 0), softCap ?? 0)
        }
        return try wrap(result, "packedAttention", [query, key, value])
    }

    /// Whether ``packedSelfAttention(_:heads:keyHeads:cosine:sine:spans:scale:window:softCap:known:)`` serves
    /// tensors like these with heads of `width` channels. Asked for the first time, it also compares a
    /// small case with libtorch's operators; where they differ, the answer stays no.
    public static func supportsPackedSelfAttention(
        dtype: DType, device: Device, width: Int
    ) -> Bool {
        device == .cpu && width.isMultiple(of: 2) && ct_has_packed_self_attention(dtype.code)
    }

    /// ``packedAttention(query:key:value:spans:scale:window:softCap:)`` of queries, keys and values that
    /// lie side by side and are turned by their angles on the way, [N, H · D], with the gradient to all
    /// three in one tensor.
    ///
    /// - Parameters:
    ///   - joined: [N, (H + 2 K) · D]: queries, keys, values.
    ///   - heads: H.
    ///   - keyHeads: K; divides H.
    ///   - cosine: as for ``rotate(_:cosine:sine:)``.
    ///   - sine: the same.
    ///   - spans: together own every row once; every past is what a span without a past owns.
    ///   - scale: What scores are multiplied with.
    ///   - window: how many tokens a row looks back, itself included; nil for all.
    ///   - softCap: cap(x) = softCap · tanh(x / softCap); nil for none.
    ///   - known: what the result is for some rows. A span of which all rows are known is not computed.
    public static func packedSelfAttention(
        _ joined: Tensor, heads: Int, keyHeads: Int, cosine: Tensor, sine: Tensor,
        spans: [AttentionSpan], scale: Double, window: Int? = nil, softCap: Double? = nil,
        known: KnownAttention? = nil
    ) throws(TorchError) -> Tensor {
        let codes = spans.map(\.code)
        func attend(
            _ results: UnsafePointer<ct_known_rows>?, _ logSums: UnsafePointer<ct_known_rows>?
        ) -> OpaquePointer? {
            ct_packed_self_attention(
                joined.handle, cosine.handle, sine.handle, codes, Int64(codes.count),
                Int64(heads), Int64(keyHeads), scale, Int64(window ?? 0), softCap ?? 0, results,
                logSums)
        }
        let result =
            if let known {
                known.results.withCode { results in
                    known.logSums.withCode { attend(results, $0) }
                }
            } else {
                attend(nil, nil)
            }
        return try wrap(result, "packedSelfAttention", [joined, cosine, sine])
    }
}
