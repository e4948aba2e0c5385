import Foundation
import HoneCore

extension ModelConfig {
    /// The configuration of the model in `folder` (`config.json`, `generation_config.json`).
    ///
    /// Both the spelling that transformers 5 writes (`rope_parameters`, `layer_types`, `dtype`) and
    /// the older published one (`rope_theta`, `rope_scaling`, `torch_dtype`,
    /// `sliding_window_pattern`) are read.
    /// - Throws: ``ModelError`` for a missing or unreadable file, an unknown `model_type`, keys that
    ///   contradict each other, and any key that is neither understood nor known to be inert.
    public init(folder: URL) throws(ModelError) {
        if let fault = FolderFault(ofModel: folder) { throw .wrongFolder(fault) }
        let file = folder.appending(path: "config.json").path
        let root = try Self.object(at: file)
        try self.init(root, file: file)
        let generation = folder.appending(path: "generation_config.json").path
        if FileManager.default.fileExists(atPath: generation) {
            try read(generation: try Self.object(at: generation), file: generation)
        }
    }

    /// The configuration written in the object `root`; `file` names it in errors.
    public init(_ root: JSONObject, file: String) throws(ModelError) {
        var reader = ConfigReader(file: file, members: root)
        guard let type = try reader.string("model_type") else {
            throw .missingField(file: file, key: "model_type")
        }
        guard let family = ModelFamily(modelType: type) else {
            throw .unknownFamily(file: file, name: type)
        }
        guard type == "gemma3" else {
            try self.init(&reader, family: family, outerTied: nil)
            return
        }
        // The multimodal folder: what text needs is in `text_config`.
        let tied = try reader.flag("tie_word_embeddings")
        let ends = try reader.tokens("eos_token_id")
        reader.ignore(InertFields.common)
        reader.ignore(InertFields.multimodal)
        guard var text = try reader.object("text_config") else {
            throw .missingField(file: file, key: "text_config")
        }
        try reader.finish()
        guard let inner = try text.string("model_type"), inner == "gemma3_text" else {
            throw .missingField(file: file, key: "text_config.model_type")
        }
        try self.init(&text, family: family, outerTied: tied)
        if let ends { endTokens = ends }
        weightNames = WeightNames(
            decoder: "language_model.model.", adapter: "model.language_model.",
            unused: ["vision_tower.", "multi_modal_projector."])
    }

    static func object(at path: String) throws(ModelError) -> JSONObject {
        let bytes: Data
        do throws(PlainFile.Problem) {
            bytes = try PlainFile.contents(of: path)
        } catch {
            throw .unreadable(file: path, reason: error.reason)
        }
        do {
            guard let object = try JSONValue(parsing: [UInt8](bytes)).objectValue else {
                throw ModelError.unreadable(file: path, reason: "it must hold one JSON object")
            }
            return object
        } catch let error as ModelError {
            throw error
        } catch {
            throw .unreadable(file: path, reason: "\(error)")
        }
    }

    /// Far more than any model has; what is kept for each layer must fit in memory.
    private static let mostLayers = 10_000

    /// Reads one text configuration. The body follows the order of the fields.
    private init(
        _ reader: inout ConfigReader, family: ModelFamily, outerTied: Bool?
    ) throws(ModelError) {
        let isGemma = family.isGemma
        try InertFields.check(&reader, family)

        /// Published Gemma 3 files leave out what equals transformers' defaults.
        func size(_ key: String, gemma3: Int) throws(ModelError) -> Int {
            family == .gemma3
                ? try reader.count(key) ?? gemma3 : try reader.requiredCount(key)
        }
        let vocabularySize = try size("vocab_size", gemma3: 262_208)
        let modelWidth = try size("hidden_size", gemma3: 2304)
        let feedForwardWidth = try size("intermediate_size", gemma3: 9216)
        let layerCount = try size("num_hidden_layers", gemma3: 26)
        guard layerCount <= Self.mostLayers else {
            throw reader.invalid(
                "num_hidden_layers", .int(layerCount), "at most \(Self.mostLayers)")
        }
        let headCount = try size("num_attention_heads", gemma3: 8)
        let keyHeadCount =
            try reader.count("num_key_value_heads") ?? (family == .gemma3 ? 4 : headCount)
        guard headCount % keyHeadCount == 0 else {
            throw reader.contradiction(
                ["num_attention_heads", "num_key_value_heads"],
                "\(headCount) query heads cannot share \(keyHeadCount) key heads evenly")
        }
        let headWidth = try Self.headWidth(&reader, family, modelWidth, headCount)
        let maximumLength = try size("max_position_embeddings", gemma3: 131_072)

        let attentionBias = try reader.flag("attention_bias") ?? false
        let feedForwardBias = try reader.flag("mlp_bias") ?? false
        if family != .llama && feedForwardBias {
            throw reader.unsupported("mlp_bias", true)
        }
        if (family == .phi3 || family == .mistral || family == .qwen2) && attentionBias {
            throw reader.unsupported("attention_bias", true)
        }

        let (rotary, slidingRotary) = try Self.rotaries(
            &reader, family, headWidth: headWidth, maximumLength: maximumLength)
        let queryScalar = isGemma ? try reader.positive("query_pre_attn_scalar") ?? 256 : nil
        let capDefault: Double? =
            family == .gemma2 && !reader.states("attn_logit_softcapping") ? 50 : nil
        let softCap = try reader.positive("attn_logit_softcapping") ?? capDefault
        if family != .gemma2, let softCap {
            // transformers' Gemma 3 reads the key and does not apply it: nobody can mean it.
            throw reader.unsupported("attn_logit_softcapping", .double(softCap))
        }
        let tied = try reader.flag("tie_word_embeddings") ?? outerTied ?? isGemma

        self.init(
            family: family, vocabularySize: vocabularySize, modelWidth: modelWidth,
            feedForwardWidth: feedForwardWidth, layerCount: layerCount, headCount: headCount,
            keyHeadCount: keyHeadCount, headWidth: headWidth, maximumLength: maximumLength,
            normEpsilon: try reader.positive("rms_norm_eps") ?? (family == .phi3 ? 1e-5 : 1e-6),
            normStyle: isGemma ? .offset : .plain,
            normalizesHeads: family == .qwen3 || family == .gemma3,
            normalizesOutputs: isGemma,
            activation: try Self.activation(&reader, family),
            hasQueryBias: family == .qwen2 || attentionBias, hasOutputBias: attentionBias,
            hasFeedForwardBias: feedForwardBias,
            projections: family == .phi3 ? .fused : .separate,
            rotary: rotary, slidingRotary: slidingRotary,
            windows: try Self.windows(&reader, family, layerCount),
            attentionScale: 1 / (queryScalar ?? Double(headWidth)).squareRoot(),
            attentionSoftCap: softCap,
            logitSoftCap: try Self.logitSoftCap(&reader, family),
            embeddingScale: isGemma ? Double(modelWidth).squareRoot() : nil,
            isHeadTied: tied,
            initializerRange: try reader.positive("initializer_range") ?? 0.02,
            endTokens: try reader.tokens("eos_token_id") ?? [],
            generation: GenerationDefaults(), weightNames: .plain)
        try reader.finish()
    }

    private static func headWidth(
        _ reader: inout ConfigReader, _ family: ModelFamily, _ modelWidth: Int, _ headCount: Int
    ) throws(ModelError) -> Int {
        let stated = try reader.count("head_dim")
        let width: Int
        switch (stated, family) {
        case (let stated?, _): width = stated
        case (nil, .gemma2), (nil, .gemma3): width = 256
        case (nil, .qwen3): width = 128
        default:
            guard modelWidth % headCount == 0 else {
                throw reader.contradiction(
                    ["hidden_size", "num_attention_heads"],
                    "\(modelWidth) channels do not divide into \(headCount) heads")
            }
            width = modelWidth / headCount
        }
        guard width % 2 == 0 || width == 1 else {
            throw reader.contradiction(
                ["head_dim"], "a head of \(width) channels cannot rotate in pairs")
        }
        return width
    }

    private static func activation(
        _ reader: inout ConfigReader, _ family: ModelFamily
    ) throws(ModelError) -> Activation {
        let plain = try reader.string("hidden_act")
        // Gemma 2 files state both; transformers reads the second.
        let name =
            family.isGemma
            ? try reader.string("hidden_activation") ?? "gelu_pytorch_tanh" : plain ?? "silu"
        switch name {
        case "silu", "swish": return .silu
        case "gelu_pytorch_tanh": return .geluTanh
        default:
            throw reader.unsupported(
                family.isGemma ? "hidden_activation" : "hidden_act", .string(name))
        }
    }

    private static func logitSoftCap(
        _ reader: inout ConfigReader, _ family: ModelFamily
    ) throws(ModelError) -> Double? {
        let cap = try reader.positive("final_logit_softcapping")
        guard family.isGemma else {
            if let cap { throw reader.unsupported("final_logit_softcapping", .double(cap)) }
            return nil
        }
        return family == .gemma2 && cap == nil && !reader.states("final_logit_softcapping")
            ? 30 : cap
    }

    /// How far each layer looks back.
    private static func windows(
        _ reader: inout ConfigReader, _ family: ModelFamily, _ layerCount: Int
    ) throws(ModelError) -> [Int?] {
        let stated = try reader.count("sliding_window")
        let isStated = reader.states("sliding_window")
        let kinds = try reader.strings("layer_types")
        let olderPattern = try reader.count("_sliding_window_pattern")
        let pattern = try reader.count("sliding_window_pattern") ?? olderPattern
        let isUsed = try reader.flag("use_sliding_window")
        let firstSliding = try reader.integer("max_window_layers")

        if let kinds {
            guard kinds.count == layerCount else {
                throw reader.contradiction(
                    ["layer_types", "num_hidden_layers"],
                    "\(kinds.count) kinds are listed for \(layerCount) layers")
            }
            for kind in kinds where kind != "full_attention" && kind != "sliding_attention" {
                throw reader.unsupported("layer_types", .string(kind))
            }
        }
        func slides(_ index: Int, _ otherwise: Bool) -> Bool {
            kinds.map { $0[index] == "sliding_attention" } ?? otherwise
        }
        let layers = 0..<layerCount
        switch family {
        case .llama:
            if let stated { throw reader.unsupported("sliding_window", .int(stated)) }
            guard layers.allSatisfy({ !slides($0, false) }) else {
                throw reader.unsupported("layer_types", "sliding_attention")
            }
            return layers.map { _ in nil }
        case .mistral, .phi3:
            // transformers looks at the window alone.
            let window = stated ?? (isStated || family == .phi3 ? nil : 4096)
            if kinds != nil, layers.contains(where: { slides($0, true) != (window != nil) }) {
                throw reader.unsupported("layer_types", "a mixture")
            }
            return layers.map { _ in window }
        case .qwen2, .qwen3:
            let window = isUsed ?? false ? stated ?? (isStated ? nil : 4096) : nil
            let windows = layers.map { slides($0, window != nil && $0 >= firstSliding ?? 28) }
            guard window != nil || !windows.contains(true) else {
                throw reader.contradiction(
                    ["layer_types", "use_sliding_window", "sliding_window"],
                    "layers slide, but no window is in use")
            }
            return windows.map { $0 ? window : nil }
        case .gemma2, .gemma3:
            guard let window = stated ?? (isStated ? nil : 4096) else {
                throw .missingField(file: reader.file, key: reader.prefix + "sliding_window")
            }
            let every = family == .gemma2 ? 2 : pattern ?? 6
            return layers.map { slides($0, ($0 + 1) % every != 0) ? window : nil }
        }
    }
}
