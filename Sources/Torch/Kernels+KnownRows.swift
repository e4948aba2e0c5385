import CTorch

extension Kernels {
    /// Where the rows of a pass lie in blocks that an earlier pass over the same tokens left in memory,
    /// looked up once for the results of all layers.
    public final class RowPlaces {
        let handle: OpaquePointer

        /// - Parameters:
        ///   - places: [N] for each row of a result, its row in blocks laid end to end; negative where it is
        ///     unknown and is to be computed.
        ///   - blockRows: R, the rows of a block. Above 0.
        public init(_ places: [Int32], blockRows: Int) throws(TorchError) {
            guard let made = ct_row_places_make(places, Int64(places.count), Int64(blockRows))
            else {
                throw TorchError.last("rowPlaces", [])
            }
            handle = made
        }

        deinit { ct_row_places_free(handle) }
    }

    /// Rows of a layer's result that an earlier pass over the same tokens left in memory, so that they
    /// need not be computed again.
    public struct KnownRows {
        let blocks: [Tensor]
        let places: RowPlaces

        /// - Parameters:
        ///   - blocks: each [R, O] with the R of `places`, on the CPU, in the layer's type. What they hold
        ///     must be what the layer would give.
        ///   - places: where the rows of the result [N, O] lie in them.
        public init(blocks: [Tensor], places: RowPlaces) {
            self.blocks = blocks
            self.places = places
        }

        func withCode<Result>(
            _ body: (UnsafePointer<ct_known_rows>) -> Result
        ) -> Result {
            let handles = blocks.map { Optional($0.handle) }
            return handles.withUnsafeBufferPointer { handles in
                var code = ct_known_rows(
                    blocks: handles.baseAddress, block_count: Int64(handles.count),
                    places: places.handle)
                return withExtendedLifetime((blocks, places)) { body(&code) }
            }
        }
    }

    /// What attention gives for some rows, from which its gradients can be computed without its forward pass.
    public struct KnownAttention {
        let results, logSums: KnownRows

        /// - Parameters:
        ///   - results: of [N, H · D].
        ///   - logSums: of [N, H] float32: for each row and head the logarithm of the sum that its weights
        ///     were divided by; NaN where the row's result is unknown.
        public init(results: KnownRows, logSums: KnownRows) {
            self.results = results
            self.logSums = logSums
        }
    }

    /// x · weightᵀ + bias where some rows are known: the gradients are those of the whole product, the
    /// arithmetic of the forward pass that of the unknown rows.
    ///
    /// - Parameters:
    ///   - x: [N, I].
    ///   - weight: [O, I].
    ///   - bias: [O].
    ///   - known: of the result, [N, O].
    public static func linear(
        _ x: Tensor, weight: Tensor, bias: Tensor?, known: KnownRows
    ) throws(TorchError) -> Tensor {
        let result = known.withCode {
            ct_known_linear(x.handle, weight.handle, bias?.handle, $0)
        }
        return try wrap(result, "linear", [x, weight])
    }

    /// ``adaptedLinear(_:weight:bias:additions:)`` where some rows are known: the gradients are those of the
    /// whole layer. Of known rows only the products with the `down` matrices are computed, which the
    /// gradients of the `up` matrices need.
    ///
    /// - Parameters:
    ///   - x: [N, I].
    ///   - weight: [O, I].
    ///   - bias: [O] or nil.
    ///   - additions: not empty, without dropout; their rows must not overlap.
    ///   - known: of the result, [N, O], what the additions add included.
    public static func adaptedLinear(
        _ x: Tensor, weight: Tensor, bias: Tensor?, additions: [LowRankAddition], known: KnownRows
    ) throws(TorchError) -> Tensor {
        let codes = additions.map(\.code)
        let result = withExtendedLifetime(additions) {
            known.withCode {
                ct_known_adapted_linear(
                    x.handle, weight.handle, bias?.handle, codes, Int64(codes.count), $0)
            }
        }
        return try wrap(
            result, "adaptedLinear", [x, weight] + additions.flatMap { [$0.down, $0.up] })
    }

    /// ``gatedLayer(_:gateUp:down:activation:)`` where some rows are known.
    ///
    /// - Parameters:
    ///   - x: [N, C].
    ///   - gateUp: [2 · I, C].
    ///   - down: [C, I].
    ///   - activation: What bends the gate.
    ///   - joined: of the first product, [N, 2 · I].
    ///   - result: of the result, [N, C]; the same rows as of `joined`.
    public static func gatedLayer(
        _ x: Tensor, gateUp: Tensor, down: Tensor, activation: GateActivation, joined: KnownRows,
        result: KnownRows
    ) throws(TorchError) -> Tensor {
        let made = joined.withCode { joined in
            result.withCode { result in
                ct_known_gated_layer(
                    x.handle, gateUp.handle, down.handle, activation.code, joined, result)
            }
        }
        return try wrap(made, "gatedLayer", [x, gateUp, down])
    }
}
