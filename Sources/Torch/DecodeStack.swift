import CTorch

/// The layers of a decoder laid out for one call that computes the next token of many sequences.
///
/// The result is that of the single kernels to the bit, without a tensor for each step. Reads the
/// tensors' memory at each call, so an optimiser's changes count.
public final class DecodeStack {
    /// One linear layer: x · weightᵀ + bias with additions, which must have no dropout.
    public struct LinearLayer {
        let weight: Tensor
        let bias: Tensor?
        let additions: [Kernels.LowRankAddition]

        /// - Parameters:
        ///   - weight: [O, I].
        ///   - bias: [O].
        ///   - additions: as for a single layer.
        public init(weight: Tensor, bias: Tensor?, additions: [Kernels.LowRankAddition]) {
            self.weight = weight
            self.bias = bias
            self.additions = additions
        }
    }

    /// The weights of one layer.
    public struct Layer {
        let queryKeyValue, attentionOutput, gateUp, down: LinearLayer
        /// Before attention and before the feed-forward part.
        let attentionNorm, feedForwardNorm: Tensor
        /// Nil where the layer lacks them.
        let queryNorm, keyNorm, attentionOutputNorm, feedForwardOutputNorm: Tensor?
        let window: Int?
        let angles: Int

        /// - Parameters:
        ///   - queryKeyValue: joined, [(H + 2 K) · D, C].
        ///   - attentionOutput: [C, H · D].
        ///   - gateUp: joined, [2 I, C].
        ///   - down: [C, I].
        ///   - attentionNorm: [C].
        ///   - feedForwardNorm: [C].
        ///   - queryNorm: [D], of each head's queries.
        ///   - keyNorm: [D].
        ///   - attentionOutputNorm: [C], of what joins the residual stream.
        ///   - feedForwardOutputNorm: [C].
        ///   - window: how many tokens each looks back, itself included; nil sees all.
        ///   - angles: which of a step's pairs of angles turns queries and keys: 0 or 1.
        public init(
            queryKeyValue: LinearLayer, attentionOutput: LinearLayer, gateUp: LinearLayer,
            down: LinearLayer, attentionNorm: Tensor, feedForwardNorm: Tensor, queryNorm: Tensor?,
            keyNorm: Tensor?, attentionOutputNorm: Tensor?, feedForwardOutputNorm: Tensor?,
            window: Int?, angles: Int
        ) {
            self.queryKeyValue = queryKeyValue
            self.attentionOutput = attentionOutput
            self.gateUp = gateUp
            self.down = down
            self.attentionNorm = attentionNorm
            self.feedForwardNorm = feedForwardNorm
            self.queryNorm = queryNorm
            self.keyNorm = keyNorm
            self.attentionOutputNorm = attentionOutputNorm
            self.feedForwardOutputNorm = feedForwardOutputNorm
            self.window = window
            self.angles = angles
        }
    }

    /// What weights are multiplied in.
    public enum Precision: Sendable, Hashable {
        /// The weights' own type: the bits of the single kernels.
        case exact
        /// Weights and activations in eight bits, in groups of 128 along the inner axis, each group with a
        /// scale that makes its largest magnitude 127; sums of a group are exact, groups are added in
        /// float32. Additions stay in the weights' type.
        case int8

        fileprivate var code: ct_decode_precision {
            switch self {
            case .exact: CT_DECODE_EXACT
            case .int8: CT_DECODE_INT8
            }
        }
    }

    /// What the layers have in common.
    public struct Shape {
        fileprivate let code: ct_decode_shape

        /// - Parameters:
        ///   - heads: H.
        ///   - keyHeads: K; divides H.
        ///   - headWidth: D.
        ///   - normEpsilon: added under the roots of norms.
        ///   - normOffset: 1 for norm weights that are stored around zero.
        ///   - scale: what scores are multiplied with.
        ///   - softCap: scores become cap · tanh(score / cap); nil for none.
        ///   - activation: What bends the gate.
        ///   - precision: What weights are multiplied in.
        public init(
            heads: Int, keyHeads: Int, headWidth: Int, normEpsilon: Double, normOffset: Double,
            scale: Double, softCap: Double?, activation: Kernels.GateActivation,
            precision: Precision
        ) {
            code = ct_decode_shape(
                heads: Int64(heads), key_heads: Int64(keyHeads), head_width: Int64(headWidth),
                norm_epsilon: normEpsilon, norm_offset: normOffset, scale: scale,
                soft_cap: softCap ?? 0, activation: activation == .silu ? CT_SILU : CT_GELU_TANH,
                precision: precision.code)
        }
    }

    /// Where a step leaves what its products and its attention gave.
    public struct Record {
        /// Of one layer, each [R, O] with rows for several steps.
        public struct Layer {
            public let gateUp, down: Tensor
            /// Nil where it is not kept.
            public let queryKeyValue, attended, logSums, attentionOutput: Tensor?

            /// - Parameters:
            ///   - queryKeyValue: [R, (H + 2 K) · D], before head norms and rotation; dense. Nil keeps none of it.
            ///   - attended: [R, H · D], what attention gives; dense. Nil keeps nothing of it.
            ///   - logSums: [R, H] float32, the logarithms of the sums that its weights were divided by; nil
            ///     with `attended`.
            ///   - attentionOutput: [R, C], dense; nil keeps none of it.
            ///   - gateUp: [R, 2 · I]; rows may lie apart.
            ///   - down: [R, C], dense.
            public init(
                queryKeyValue: Tensor?, attended: Tensor?, logSums: Tensor?,
                attentionOutput: Tensor?, gateUp: Tensor, down: Tensor
            ) {
                self.queryKeyValue = queryKeyValue
                self.attended = attended
                self.logSums = logSums
                self.attentionOutput = attentionOutput
                self.gateUp = gateUp
                self.down = down
            }
        }

        public let layers: [Layer]
        public let firstRow: Int

        /// - Parameters:
        ///   - layers: as many as the stack has.
        ///   - firstRow: the step's first row in them; those from there on are written.
        public init(layers: [Layer], firstRow: Int) {
            self.layers = layers
            self.firstRow = firstRow
        }
    }

    /// Cosines and sines of rotary angles, [N, R/2] float32 each.
    public typealias Angles = (cosine: Tensor, sine: Tensor)

    private let layers: [Layer]
    private let lastNorm: Tensor
    private let shape: ct_decode_shape
    private let codes: [ct_decode_layer]
    /// What `codes` point to.
    private let adapters: [UnsafeMutableBufferPointer<ct_linear_adapter>]

    /// Whether decoders of this type can be computed so on this processor.
    public static func supports(
        _ precision: Precision = .exact, dtype: DType, device: Device
    ) -> Bool {
        guard device == .cpu else { return false }
        return switch precision {
        case .exact: ct_has_decode_layers(dtype.code)
        case .int8: ct_has_int8_products(dtype.code)
        }
    }

    /// x · weightᵀ in eight bits as ``Precision/int8`` says, [N, I] → [N, O] in the type of `x`; where
    /// ``supports(_:dtype:device:)`` says so. No gradient.
    ///
    /// - Parameters:
    ///   - x: [N, I].
    ///   - weight: [O, I], of the same type. Its codes are kept and made again when it has changed.
    public static func int8Linear(_ x: Tensor, weight: Tensor) throws(TorchError) -> Tensor {
        try wrap(ct_int8_linear(x.handle, weight.handle), "int8Linear", [x, weight])
    }

    /// The same in plain loops on any processor, float32: what ``int8Linear(_:weight:)`` rounds.
    public static func plainInt8Linear(_ x: Tensor, weight: Tensor) throws(TorchError) -> Tensor {
        try wrap(ct_plain_int8_linear(x.handle, weight.handle), "plainInt8Linear", [x, weight])
    }

    /// - Parameters:
    ///   - layers: not empty; every weight dense and on the CPU, of a type that
    ///     ``supports(_:dtype:device:)``, with an even number of columns.
    ///   - lastNorm: [C].
    ///   - shape: What the layers have in common.
    public init(layers: [Layer], lastNorm: Tensor, shape: Shape) {
        self.layers = layers
        self.lastNorm = lastNorm
        self.shape = shape.code
        var adapters: [UnsafeMutableBufferPointer<ct_linear_adapter>] = []
        func code(_ layer: LinearLayer) -> ct_decode_linear {
            let buffer = UnsafeMutableBufferPointer<ct_linear_adapter>
                .allocate(capacity: layer.additions.count)
            _ = buffer.initialize(from: layer.additions.map(\.code))
            adapters.append(buffer)
            return ct_decode_linear(
                weight: layer.weight.handle, bias: layer.bias?.handle,
                adapters: UnsafePointer(buffer.baseAddress), adapter_count: Int64(buffer.count))
        }
        codes = layers.map { layer in
            ct_decode_layer(
                query_key_value: code(layer.queryKeyValue),
                attention_output: code(layer.attentionOutput), gate_up: code(layer.gateUp),
                down: code(layer.down), attention_norm: layer.attentionNorm.handle,
                query_norm: layer.queryNorm?.handle, key_norm: layer.keyNorm?.handle,
                attention_output_norm: layer.attentionOutputNorm?.handle,
                feed_forward_norm: layer.feedForwardNorm.handle,
                feed_forward_output_norm: layer.feedForwardOutputNorm?.handle,
                window: Int64(layer.window ?? 0), angles: Int64(layer.angles))
        }
        self.adapters = adapters
    }

    deinit { for buffer in adapters { buffer.deallocate() } }

    /// All layers and the last norm, [N, C] → [N, C]. No gradient.
    ///
    /// - Parameters:
    ///   - stream: one row for each sequence.
    ///   - cache: pools of every layer, and one span of one row for each sequence, in order; changed.
    ///   - angles: those that layers name 0.
    ///   - others: those that layers name 1, where one does.
    ///   - record: where results stay; nil keeps none.
    public func callAsFunction(
        _ stream: Tensor, cache: Kernels.CachedBlocks, angles: Angles, others: Angles?,
        record: Record? = nil
    ) throws(TorchError) -> Tensor {
        precondition(record.map { $0.layers.count == layers.count } ?? true)
        let spans = cache.spans.map(\.code)
        let keys = cache.pools.map { Optional($0.key.handle) }
        let values = cache.pools.map { Optional($0.value.handle) }
        let kept = record?.layers.map {
            ct_decode_kept(
                query_key_value: $0.queryKeyValue?.handle,
                attention_output: $0.attentionOutput?.handle, gate_up: $0.gateUp.handle,
                down: $0.down.handle, attended: $0.attended?.handle,
                log_sums: $0.logSums?.handle)
        }
        var shape = shape
        let result = spans.withUnsafeBufferPointer { spans in
            cache.tables.withUnsafeBufferPointer { tables in
                keys.withUnsafeBufferPointer { keys in
                    values.withUnsafeBufferPointer { values in
                        var step = ct_decode_step()
                        step.key_pools = keys.baseAddress
                        step.value_pools = values.baseAddress
                        step.spans = spans.baseAddress
                        step.span_count = Int64(spans.count)
                        step.tables = tables.baseAddress
                        step.cosines = (angles.cosine.handle, others?.cosine.handle)
                        step.sines = (angles.sine.handle, others?.sine.handle)
                        step.first_kept_row = Int64(record?.firstRow ?? 0)
                        return (kept ?? []).withUnsafeBufferPointer { rooms in
                            step.kept = kept == nil ? nil : rooms.baseAddress
                            return ct_decode_layers(
                                stream.handle, codes, Int64(codes.count), lastNorm.handle, &shape,
                                &step)
                        }
                    }
                }
            }
        }
        return try withExtendedLifetime((layers, cache, angles, others, record)) {
            () throws(TorchError) in
            try wrap(result, "decodeStack", [stream])
        }
    }
}

extension Kernels {
    /// What a batch sees of a cache in blocks.
    public struct CachedBlocks {
        public let pools: [(key: Tensor, value: Tensor)]
        public let spans: [CacheSpan]
        public let tables: [Int32]

        /// - Parameters:
        ///   - pools: of each layer, shaped as
        ///     ``Kernels/cachePoolShapes(blocks:keyHeads:headWidth:)`` says.
        ///   - spans: one for each sequence.
        ///   - tables: block numbers that the spans point into.
        public init(
            pools: [(key: Tensor, value: Tensor)], spans: [CacheSpan], tables: [Int32]
        ) {
            self.pools = pools
            self.spans = spans
            self.tables = tables
        }
    }

    /// Whether a fast path's result has the bits of the plain one's; where not, a warning says that
    /// `name` is switched off.
    public static func confirm(_ fast: Tensor, is plain: Tensor, _ name: String) -> Bool {
        ct_confirm(plain.handle, fast.handle, name)
    }
}
