import CTorch

extension Kernels {
    /// What a gated layer bends its gate with.
    public enum GateActivation: Sendable, Hashable {
        /// x / (1 + e^-x)
        case silu
        /// x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))
        case geluTanh

        var code: ct_activation { self == .silu ? CT_SILU : CT_GELU_TANH }
    }

    /// x / √(mean(x²) + epsilon) · (weight + offset) over the last axis, computed in f32 and rounded
    /// once to the type of `x`.
    ///
    /// - Parameters:
    ///   - x: [.., C].
    ///   - weight: [C], the type of `x`.
    ///   - offset: 1 for weights that are stored around zero.
    ///   - epsilon: Added under the root.
    public static func norm(
        _ x: Tensor, weight: Tensor, epsilon: Double, offset: Double = 0
    ) throws(TorchError) -> Tensor {
        try wrap(
            ct_scaled_norm(x.handle, weight.handle, epsilon, offset), "norm", [x, weight])
    }

    /// x + delta, and ``norm(_:weight:epsilon:offset:)`` of the sum, in one pass over the rows. The sum is
    /// rounded to the type of `x` before it is normalised.
    ///
    /// - Parameters:
    ///   - x: [.., C].
    ///   - delta: the shape and type of `x`.
    ///   - weight: [C], the type of `x`.
    ///   - epsilon: Added under the root.
    ///   - offset: 1 for weights that are stored around zero.
    public static func norm(
        adding delta: Tensor, to x: Tensor, weight: Tensor, epsilon: Double, offset: Double = 0
    ) throws(TorchError) -> (sum: Tensor, norm: Tensor) {
        var sum: OpaquePointer?
        var normed: OpaquePointer?
        try check(
            ct_added_norm(
                x.handle, delta.handle, weight.handle, epsilon, offset, &sum, &normed),
            "norm", [x, delta, weight])
        return (try wrap(sum, "norm", [x]), try wrap(normed, "norm", [x]))
    }

    /// Turns channels (i, i + R/2) of each head by angles given by cosine and sine: (a, b) becomes
    /// (a · cos - b · sin, b · cos + a · sin); channels from R on pass.
    ///
    /// - Parameters:
    ///   - x: [N, H, D].
    ///   - cosine: [N, R/2], R at most D.
    ///   - sine: the same.
    public static func rotate(
        _ x: Tensor, cosine: Tensor, sine: Tensor
    ) throws(TorchError) -> Tensor {
        try wrap(
            ct_rotate(x.handle, cosine.handle, sine.handle), "rotate", [x, cosine, sine])
    }

    /// activation(first half) · second half: [N, 2 · I] → [N, I].
    public static func gate(
        _ joined: Tensor, _ activation: GateActivation
    ) throws(TorchError) -> Tensor {
        try wrap(ct_gate(joined.handle, activation.code), "gate", [joined])
    }

    /// Whether ``gatedLayer(_:gateUp:down:activation:)`` serves these weights. Asked for the first time,
    /// it also compares a small case with separate steps; where they differ, the answer stays no.
    public static func supportsGatedLayer(gateUp: Tensor, down: Tensor) -> Bool {
        ct_has_gated_layer(gateUp.handle, down.handle)
    }

    /// (activation(g) · u) · downᵀ with g and u the halves of x · gateUpᵀ: two products without biases,
    /// the gate between them bent while its sums are in registers. The same numbers as ``gate(_:_:)``
    /// between two products, with gradients to all three.
    ///
    /// - Parameters:
    ///   - x: [N, C].
    ///   - gateUp: [2 · I, C].
    ///   - down: [C, I].
    ///   - activation: What bends the gate.
    public static func gatedLayer(
        _ x: Tensor, gateUp: Tensor, down: Tensor, activation: GateActivation
    ) throws(TorchError) -> Tensor {
        try wrap(
            ct_gated_layer(x.handle, gateUp.handle, down.handle, activation.code), "gatedLayer",
            [x, gateUp, down])
    }

    /// A share `p` of the elements zeroed and the others divided by 1 - p, decided by a hash of `seed`
    /// and the element's index alone. No gradient.
    public static func dropped(
        _ x: Tensor, _ p: Double, seed: UInt64
    ) throws(TorchError) -> Tensor {
        try wrap(ct_dropout(x.handle, p, seed), "dropped", [x])
    }

    /// A low-rank addition to some rows of a layer's result: scale · up · down · dropout(x).
    public struct LowRankAddition {
        /// [r, I] f32
        public var down: Tensor
        /// [rows, r] f32
        public var up: Tensor
        public var firstRow: Int
        public var scale: Double
        /// As for ``dropped(_:_:seed:)``; 0 for none.
        public var dropout: Double
        public var seed: UInt64

        public init(
            down: Tensor, up: Tensor, firstRow: Int, scale: Double, dropout: Double = 0,
            seed: UInt64 = 0
        ) {
            self.down = down
            self.up = up
            self.firstRow = firstRow
            self.scale = scale
            self.dropout = dropout
            self.seed = seed
        }

        var code: ct_linear_adapter {
            ct_linear_adapter(
                down: down.handle, up: up.handle, first_row: Int64(firstRow), scale: scale,
                dropout: dropout, seed: seed)
        }
    }

    /// x · weightᵀ + bias with low-rank additions: [N, I] → [N, O].
    ///
    /// Gradients flow to `x` and to the additions' matrices, whose products are in the type of `x` and
    /// whose gradients are f32. `weight` must not require one. What the backward pass keeps is `x` and
    /// its products with the `down` matrices; dropout masks are drawn again.
    ///
    /// - Parameters:
    ///   - x: [N, I].
    ///   - weight: [O, I].
    ///   - bias: [O] or nil.
    ///   - additions: not empty; their rows must not overlap.
    public static func adaptedLinear(
        _ x: Tensor, weight: Tensor, bias: Tensor?, additions: [LowRankAddition]
    ) throws(TorchError) -> Tensor {
        let codes = additions.map(\.code)
        let result = withExtendedLifetime(additions) {
            ct_adapted_linear(x.handle, weight.handle, bias?.handle, codes, Int64(codes.count))
        }
        return try wrap(
            result, "adaptedLinear", [x, weight] + additions.flatMap { [$0.down, $0.up] })
    }

    /// `product` [N, O] with low-rank additions of `x` [N, I], by tensor operators: for layers whose
    /// product is made by another kernel than ``adaptedLinear(_:weight:bias:additions:)``.
    ///
    /// - Parameters:
    ///   - additions: ascending rows that do not overlap.
    ///   - x: what the product was made of.
    ///   - product: [N, O].
    public static func adding(
        _ additions: [LowRankAddition], of x: Tensor, to product: Tensor
    ) throws(TorchError) -> Tensor {
        let (count, width) = try product.dims2()
        var pieces: [Tensor] = []
        var row = 0
        func fill(to end: Int) throws(TorchError) {
            guard end > row else { return }
            pieces.append(
                try Tensor.zeros([count, end - row], dtype: x.dtype, device: x.device))
            row = end
        }
        for addition in additions {
            try fill(to: addition.firstRow)
            var input = x
            if addition.dropout > 0 {
                // The mask has no gradient, so it is drawn on ones and multiplied.
                input =
                    try x
                    * dropped(
                        Tensor.ones(x.shape, dtype: x.dtype, device: x.device), addition.dropout,
                        seed: addition.seed)
            }
            let inner = try input.linear(addition.down.to(x.dtype))
            pieces.append(try inner.linear((addition.up * addition.scale).to(x.dtype)))
            row += try addition.up.size(0)
        }
        try fill(to: width)
        return try product + (pieces.count == 1 ? pieces[0] : Tensor.cat(pieces, 1))
    }
}
