public import Foundation
public import Torch

extension DecoderModel {
    /// Loads a model folder in Hugging Face layout.
    ///
    /// - Parameters:
    ///   - folder: holds `config.json` and `model.safetensors` (or shards and their index).
    ///   - dtype: the compute type: float32, bfloat16 or float16.
    ///   - device: Where the tensors lie.
    ///   - quantization: how the weights are kept; such as are not dense cannot be trained.
    /// - Throws: ``ModelError`` where configuration and weights do not make a model, `TorchError`
    ///   where a file is damaged or memory runs out.
    public static func load(
        folder: URL, dtype: DType = .float32, device: Device = .cpu,
        quantization: BaseQuantization = .none
    ) throws -> DecoderModel {
        try load(
            folder: folder, config: ModelConfig(folder: folder), dtype: dtype, device: device,
            quantization: quantization)
    }

    /// Loads the weights in `folder` as `config` describes them.
    public static func load(
        folder: URL, config: ModelConfig, dtype: DType, device: Device,
        quantization: BaseQuantization = .none
    ) throws -> DecoderModel {
        let weights = try WeightReader(
            folder: folder, names: config.weightNames, dtype: dtype, device: device,
            quantization: quantization)
        let model = try DecoderModel(
            config: config, weights: weights, dtype: dtype, device: device,
            quantization: quantization)
        // Matrices on their way to their final form left blocks of sizes that no step asks for.
        try MemoryFigures.releaseCached(device)
        return model
    }

    /// A model that training starts from nothing: matrices drawn from a normal distribution of
    /// deviation ``ModelConfig/initializerRange``, biases zero, norms one, as transformers starts it.
    ///
    /// - Parameter seed: each tensor depends on it and on the tensor's name alone.
    /// - Parameter config: What the model looks like.
    /// - Parameter device: Where the tensors lie.
    /// - Parameter dtype: The compute type.
    public static func random(
        config: ModelConfig, seed: UInt64, dtype: DType = .float32, device: Device = .cpu
    ) throws -> DecoderModel {
        let weights = WeightReader(drawnFrom: seed, config: config, dtype: dtype, device: device)
        return try withoutGradients {
            try DecoderModel(
                config: config, weights: weights, dtype: dtype, device: device,
                quantization: .none)
        }
    }

    private convenience init(
        config: ModelConfig, weights: WeightReader, dtype: DType, device: Device,
        quantization: BaseQuantization
    ) throws {
        let decoder = weights.decoder
        let table = [config.vocabularySize, config.modelWidth]
        let layers = try (0..<config.layerCount).map { index in
            try DecoderLayer(layer: index, config: config, weights: decoder["layers.\(index)"])
        }
        let norm = try decoder.norm("norm", width: config.modelWidth, config: config)
        let inLayers = layers.flatMap { $0.linears.map(\.matrix) }
        let tables = quantization.tables(
            table.reduce(1, *) * (config.isHeadTied ? 1 : 2), elementBytes: dtype.byteCount,
            layers: (
                inLayers.reduce(0) { $0 + $1.count }, inLayers.reduce(0) { $0 + $1.byteCount }
            ))
        let embedding = try tables.matrix(
            decoder.tensor("embed_tokens.weight", shape: table))
        let headPart = Linear.Part(
            name: "lm_head", stored: "lm_head", rows: 0..<config.vocabularySize)
        let head = Linear(
            parts: [headPart],
            matrix: config.isHeadTied
                ? embedding
                : try tables.matrix(weights.tensor("lm_head.weight", shape: table)),
            bias: nil)
        try weights.finish(isHeadTied: config.isHeadTied)
        self.init(
            config: config, dtype: dtype, device: device, embedding: embedding, layers: layers,
            norm: norm, head: head)
    }
}
