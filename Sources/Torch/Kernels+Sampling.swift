import CTorch

extension Kernels {
    /// How one token is drawn from a row of logits. Steps in order: repetition penalty,
    /// temperature, top-k, top-p, min-p; the initial values switch each off.
    public struct Draw: Sendable, Hashable {
        /// Which row of the logits; several draws may share one.
        public var row: Int
        /// Divides the logits; 0 takes the largest.
        public var temperature = 1.0
        /// Keeps tokens not below the k-th largest logit, equals of it included; 0 keeps all.
        public var topK = 0
        /// Keeps a token when those before it in descending order have together less than this
        /// probability; of equals the smaller id comes first.
        public var topP = 1.0
        /// Keeps tokens at least this many times as probable as the most probable.
        public var minP = 0.0
        /// Positive logits of tokens in `seen` are divided by it, negative multiplied.
        public var repetitionPenalty = 1.0
        /// In [0, 1): the token is where the cumulative distribution, in order of id, passes it.
        public var uniform: Double
        /// Range of the list of seen tokens that belongs to this draw.
        public var seen: Range<Int> = 0..<0

        public init(row: Int, uniform: Double) {
            self.row = row
            self.uniform = uniform
        }
    }

    /// A token drawn, or that none could be.
    public enum Drawn: Sendable, Hashable {
        /// `logProbability` is that under the distribution drawn from, after all steps (0 where
        /// the temperature is 0); `rawLogProbability` that under the softmax of the logits. Nats.
        case token(Int32, logProbability: Float, rawLogProbability: Float)
        /// The row holds a NaN or +∞, or nothing but -∞.
        case logitsNotFinite
    }

    /// Draws one token for each of `draws` from `logits` [R, V], f32 or bf16 on the CPU.
    ///
    /// Inverse-CDF sampling: a draw depends on its row and its `uniform` alone.
    public static func sample(
        _ logits: Tensor, _ draws: [Draw], seen: [Int32] = []
    ) throws(TorchError) -> [Drawn] {
        let lowered = draws.map {
            ct_draw(
                logits_row: Int64($0.row), temperature: $0.temperature, top_k: Int64($0.topK),
                top_p: $0.topP, min_p: $0.minP, repetition_penalty: $0.repetitionPenalty,
                uniform: $0.uniform, seen_offset: Int64($0.seen.lowerBound),
                seen_count: Int64($0.seen.count))
        }
        var drawn = [ct_drawn](repeating: ct_drawn(), count: draws.count)
        let succeeded = lowered.withUnsafeBufferPointer { lowered in
            seen.withUnsafeBufferPointer { seen in
                drawn.withUnsafeMutableBufferPointer { drawn in
                    ct_sample(
                        logits.handle, lowered.baseAddress, Int64(lowered.count), seen.baseAddress,
                        drawn.baseAddress)
                }
            }
        }
        try check(succeeded, "sample", [logits])
        return drawn.map {
            $0.status == CT_DRAWN
                ? .token(
                    $0.token, logProbability: $0.log_probability,
                    rawLogProbability: $0.raw_log_probability)
                : .logitsNotFinite
        }
    }

    /// The widest vectors that kernels of this module may use.
    public enum InstructionSet: Sendable, Hashable, CaseIterable {
        case plain, avx2, avx512, avx512BF16
    }

    /// Forbids wider vectors than `limit` on this thread, and returns the limit before; what the
    /// processor lacks is never used. For comparing the variants.
    public static func limitInstructionSet(_ limit: InstructionSet) -> InstructionSet {
        let code =
            switch limit {
            case .plain: CT_PLAIN
            case .avx2: CT_AVX2
            case .avx512: CT_AVX512
            case .avx512BF16: CT_AVX512_BF16
            }
        return switch ct_limit_instruction_set(code) {
        case CT_PLAIN: .plain
        case CT_AVX2: .avx2
        case CT_AVX512: .avx512
        default: .avx512BF16
        }
    }
}
