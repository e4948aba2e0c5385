import CTorch

extension Kernels {
    /// A layer whose own weights are frozen, and what is added to it.
    public struct AdaptedLayer {
        /// [O, I]
        let weight: Tensor
        /// [O]
        let bias: Tensor?
        let additions: [LowRankAddition]

        /// - Parameters:
        ///   - weight: [O, I]; requires no gradient.
        ///   - bias: [O] or nil.
        ///   - additions: may be empty; their rows must not overlap.
        public init(weight: Tensor, bias: Tensor?, additions: [LowRankAddition]) {
            self.weight = weight
            self.bias = bias
            self.additions = additions
        }

        var tensors: [Tensor] {
            [weight] + (bias.map { [$0] } ?? []) + additions.flatMap { [$0.down, $0.up] }
        }

        fileprivate func withCode<Result>(
            _ body: (UnsafePointer<ct_adapted_layer>) -> Result
        ) -> Result {
            let codes = additions.map(\.code)
            return codes.withUnsafeBufferPointer { codes in
                var code = ct_adapted_layer(
                    weight: weight.handle, bias: bias?.handle, adapters: codes.baseAddress,
                    adapter_count: Int64(codes.count))
                return withExtendedLifetime(tensors) { body(&code) }
            }
        }
    }

    /// down(activation(first half) · second half) of gateUp(x), for passes that record gradients.
    ///
    /// The values are those of ``adaptedLinear(_:weight:bias:additions:)``, ``gate(_:_:)`` and once more
    /// the former. Kept for the backward pass are `x`, the rows before the gate that are not known, and
    /// the products with the `down` matrices of all additions; the gate is computed again, where separate
    /// steps keep its result.
    ///
    /// - Parameters:
    ///   - x: [N, C] in f32 or bf16 on the CPU.
    ///   - gateUp: [2 · I, C].
    ///   - down: [C, I].
    ///   - activation: What bends the gate.
    ///   - known: rows of the first product [N, 2 · I] and of the result [N, C], the same ones of both, what
    ///     additions without dropout add included. Those of the first are read where they lie: they must
    ///     not change before the backward pass has been.
    /// - Returns: [N, C].
    public static func adaptedFeedForward(
        _ x: Tensor, gateUp: AdaptedLayer, down: AdaptedLayer, activation: GateActivation,
        known: (joined: KnownRows, result: KnownRows)? = nil
    ) throws(TorchError) -> Tensor {
        let made = gateUp.withCode { gateUp in
            down.withCode { down in
                func make(
                    _ joined: UnsafePointer<ct_known_rows>?, _ result: UnsafePointer<ct_known_rows>?
                ) -> OpaquePointer? {
                    ct_adapted_feed_forward(
                        x.handle, gateUp, down, activation.code, joined, result)
                }
                guard let known else { return make(nil, nil) }
                return known.joined.withCode { joined in
                    known.result.withCode { make(joined, $0) }
                }
            }
        }
        return try wrap(made, "adaptedFeedForward", [x] + gateUp.tensors + down.tensors)
    }
}
