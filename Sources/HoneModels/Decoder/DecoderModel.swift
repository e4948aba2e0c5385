public import Torch

/// A decoder-only language model: embedding, layers, last norm, head.
///
/// Works on packed tokens: N rows without batch axis or padding; ``AttentionContext`` says which
/// rows belong together. Not Sendable: the actor that owns the device owns the model.
public final class DecoderModel {
    public let config: ModelConfig
    /// The type weights are kept and most arithmetic is done in.
    public let dtype: DType
    public let device: Device

    /// [V, C]
    let embedding: BaseMatrix
    let layers: [DecoderLayer]
    let norm: RMSNorm
    /// [V, C]; the embedding table itself where the head is tied.
    let head: Linear

    let fusedDecoding = FusedDecoding()
    private let rotary: RotaryEmbedding
    private let slidingRotary: RotaryEmbedding?

    /// What the adapter was made with; nil without one.
    public internal(set) var adapterConfig: LoRAConfig? {
        didSet { fusedDecoding.reset() }
    }

    /// Whether the adapter takes part; off, the model is its own reference.
    public var adapterEnabled = true

    /// What decode steps multiply weights in, and the head after them. Anything but `exact` makes the sampler
    /// another distribution than the one that is trained; where the processor cannot do it, it is `exact`.
    public var decodePrecision = DecodeStack.Precision.exact

    /// Draws the adapter's dropout masks; nil (the default) switches dropout off. Give each forward
    /// call of a training step its own seed, and the step can be repeated.
    public var dropoutSeed: UInt64?

    /// Whether ``dropoutSeed`` means anything.
    public var dropsUnits: Bool { (adapterConfig?.dropout ?? 0) != 0 }

    /// Layers whose activations a pass with gradients keeps only the beginning of, and computes again
    /// in the backward pass, as one block; nil keeps everything.
    public var recomputedBlock: Int?

    /// The input length by which `dynamic` and `longrope` scalings choose their angles.
    ///
    /// Nil, as in transformers: the longest sequence of the call. Then a token's angles can change
    /// as its sequence grows, and cached keys no longer agree with those of one long call; where
    /// both must agree (training on own samples), say what is to come with
    /// ``expect(sequencesOf:)``.
    public var rotaryLength: Int?

    /// How the base was kept that the adapter was trained on: for a new adapter as this one is, for a
    /// loaded one as its folder says. `nil` without an adapter, and where the folder does not say.
    public internal(set) var adapterBase: BaseQuantization?

    /// Prepares for sequences of up to `length` tokens; what was expected before stays expected.
    public func expect(sequencesOf length: Int) {
        rotaryLength = max(rotaryLength ?? 0, length)
    }

    init(
        config: ModelConfig, dtype: DType, device: Device, embedding: BaseMatrix,
        layers: [DecoderLayer], norm: RMSNorm, head: Linear
    ) {
        self.config = config
        self.dtype = dtype
        self.device = device
        self.embedding = embedding
        self.layers = layers
        self.norm = norm
        self.head = head
        rotary = RotaryEmbedding(config: config.rotary, device: device)
        slidingRotary = config.slidingRotary.map { RotaryEmbedding(config: $0, device: device) }
    }

    /// What the model makes of each token, after the last norm.
    ///
    /// - Parameters:
    ///   - tokens: [N] int64, each in 0..<V.
    ///   - context: which rows see which, and where each stands in its sequence.
    ///   - room: where the results of products stay, and of decode steps those of attention.
    ///   - known: what these give for some rows. It must be what these weights give.
    ///   - rows: the rows asked for, of a call that neither reads a cache nor keeps anything; nil: all. Of the
    ///     others the last layer computes only keys and values, which is what a prompt's rows are there for.
    /// - Returns: [N, C], or [M, C] of the M rows asked for, in their order.
    public func hiddenStates(
        tokens: Tensor, context: any AttentionContext, keeping room: ActivationRoom? = nil,
        known: KnownActivations? = nil, rows: [Int]? = nil
    ) throws -> Tensor {
        precondition(
            rows == nil || room == nil && context.cachedBlocks == nil,
            "a call that keeps rows or reads a cache gives all of them")
        let wanted = try rows.map { try WantedRows($0, device: device) }
        let pass = ForwardPass(usesAdapter: adapterEnabled, dropoutSeed: dropoutSeed)
        var stream = try embedding.select(tokens, dtype)
        if let scale = config.embeddingScale {
            stream = try stream * Tensor.scalar(scale, dtype: dtype, device: device)
        }
        let length = try rotationLength(context)
        // Angles that are others in each call are not worth a table; on a GPU a recorded graph would go on reading
        // one that a longer has replaced.
        let isTabled = !anglesDependOnCall && device == .cpu
        let reach = isTabled ? context.longestSequence : nil
        let angles = try rotary.angles(
            positions: context.positions, length: length, reach: reach)
        let slidingAngles = try slidingRotary?.angles(
            positions: context.positions, length: length, reach: reach)
        func run(
            _ indices: Range<Int>, _ input: Tensor, keeping room: ActivationRoom? = nil
        ) throws -> ResidualStream {
            var stream = ResidualStream(input)
            for index in indices {
                let turned = config.windows[index] == nil ? angles : slidingAngles ?? angles
                var pass = pass
                pass.wanted = index == layers.count - 1 ? wanted : nil
                pass.known = try known?.layer(index, wanted: pass.wanted)
                pass.kept = room?.layer(index)
                stream = try layers[index](stream, turned, context, pass)
            }
            return stream
        }
        if let block = recomputedBlock, recordsGradients {
            for start in stride(from: 0, to: layers.count, by: block) {
                let indices = start..<min(start + block, layers.count)
                stream = try recomputed(stream) { try run(indices, $0).whole() }
            }
            return try wanted?.spread(norm(stream)) ?? norm(stream)
        }
        let fused = try fusedDecoding.hiddenStates(
            stream, model: self, pass: pass, angles: angles, slidingAngles: slidingAngles,
            context: context, room: room
        ) { try run(layers.indices, stream).normalized(by: norm).norm }
        if let fused { return fused }
        let result = try run(layers.indices, stream, keeping: room).normalized(by: norm).norm
        room?.isWritten = true
        return try wanted?.spread(result) ?? result
    }

    /// The head's scores for hidden states [N, C], soft cap applied: [N, V] in the compute type.
    public func logits(_ hidden: Tensor) throws -> Tensor {
        try capped(head(hidden, headPass))
    }

    /// The same after a decode step, in ``decodePrecision``.
    public func decodedLogits(_ hidden: Tensor) throws -> Tensor {
        guard decodePrecision == .int8, let weight = head.onlyWeight(headPass),
            DecodeStack.supports(.int8, dtype: dtype, device: device), !recordsGradients
        else { return try logits(hidden) }
        return try capped(DecodeStack.int8Linear(hidden, weight: weight))
    }

    private func capped(_ logits: Tensor) throws -> Tensor {
        guard let cap = config.logitSoftCap else { return logits }
        return try (logits / cap).tanh() * cap
    }

    /// Log-probability of one token after each row, without making the [N, V] logits.
    ///
    /// - Parameters:
    ///   - hidden: [N, C] of ``hiddenStates(tokens:context:keeping:known:rows:)``.
    ///   - targets: [N] int64.
    ///   - temperature: divides the logits after the soft cap. Above 0.
    ///   - entropyGradient: whether a gradient flows through the entropies.
    /// - Returns: log-probabilities [N] in nats, float32, with gradient; entropies [N] of the same
    ///   distributions in nats, float32.
    public func logProbabilities(
        _ hidden: Tensor, targets: Tensor, temperature: Double = 1,
        entropyGradient: Kernels.EntropyGradient = .none
    ) throws -> (logProbabilities: Tensor, entropy: Tensor) {
        switch try headMatrix() {
        case .nf4(let matrix) where entropyGradient == .none:
            return try matrix.logProbabilities(
                hidden: hidden, targets: targets, temperature: temperature,
                softCap: config.logitSoftCap)
        case let matrix:
            return try Kernels.linearLogProbabilities(
                hidden: hidden, weight: matrix.values(dtype), targets: targets,
                temperature: temperature, softCap: config.logitSoftCap,
                entropyGradient: entropyGradient)
        }
    }

    private var headPass: ForwardPass {
        ForwardPass(usesAdapter: adapterEnabled, dropoutSeed: dropoutSeed)
    }

    /// The matrix that scores tokens, [V, C], an adapter on the head included.
    private func headMatrix() throws -> BaseMatrix {
        guard adapterEnabled, let adapter = head.adapters[0] else { return head.matrix }
        return .dense(try head.matrix.values(dtype) + adapter.delta().to(dtype))
    }

    /// Whether a token's angles depend on how long the sequences of its call are; see ``rotaryLength``.
    public var anglesDependOnCall: Bool {
        rotaryLength == nil
            && (config.rotary.dependsOnLength || config.slidingRotary?.dependsOnLength ?? false)
    }

    private func rotationLength(_ context: any AttentionContext) throws -> Int {
        let depends =
            config.rotary.dependsOnLength
            || config.slidingRotary?.dependsOnLength ?? false
        guard depends else { return 0 }
        if let known = rotaryLength ?? context.longestSequence { return known }
        return try context.positions.amax().intItem() + 1
    }
}
