import Foundation
import Torch

/// Published tensors under one path, checked against the shapes that the configuration makes.
///
/// `reader["layers.0"]["mlp"].tensor("down_proj.weight", shape: …)` reads
/// "layers.0.mlp.down_proj.weight". All readers made from one share the record of what was read.
struct WeightReader {
    private let source: Source
    private let folder: String
    private let path: String
    private let names: ModelConfig.WeightNames
    private let dtype: DType
    private let device: Device
    private let quantization: BaseQuantization
    private let record: Record

    private final class Record {
        var read: Set<String> = []
    }

    private enum Source {
        case files(SafeTensorsReader)
        /// Start values: matrices drawn from a normal distribution, each from `seed` and its name.
        case draws(seed: UInt64, deviation: Double)
    }

    /// The tensors of `folder`: `model.safetensors`, or the shards that its index lists.
    init(
        folder: URL, names: ModelConfig.WeightNames, dtype: DType, device: Device,
        quantization: BaseQuantization
    ) throws {
        let files = try SafeTensorsReader(folder)
        source = .files(files)
        self.folder = folder.path
        path = ""
        var names = names
        // transformers 5 writes the decoder of a multimodal model the other way round.
        if !names.unused.isEmpty,
            !files.names.contains(where: { $0.hasPrefix(names.decoder) }),
            files.names.contains(where: { $0.hasPrefix(names.adapter) })
        {
            names.decoder = names.adapter
            names.unused = names.unused.flatMap { [$0, "model." + $0] }
        }
        self.names = names
        self.dtype = dtype
        self.device = device
        self.quantization = quantization
        record = Record()
    }

    /// Start values for a model that no file holds yet.
    init(drawnFrom seed: UInt64, config: ModelConfig, dtype: DType, device: Device) {
        source = .draws(seed: seed, deviation: config.initializerRange)
        folder = ""
        path = ""
        names = config.weightNames
        self.dtype = dtype
        self.device = device
        quantization = .none
        record = Record()
    }

    private init(_ parent: WeightReader, path: String) {
        source = parent.source
        folder = parent.folder
        self.path = path
        names = parent.names
        dtype = parent.dtype
        device = parent.device
        quantization = parent.quantization
        record = parent.record
    }

    /// A reader for what lies under `name`.
    subscript(name: String) -> WeightReader { WeightReader(self, path: path + name + ".") }

    /// The tensors under the decoder's own prefix.
    var decoder: WeightReader { WeightReader(self, path: names.decoder) }

    /// Path of the layer `name` as peft and transformers spell it: "model.layers.0.mlp.up_proj".
    func modulePath(_ name: String) -> String {
        let full = path + name
        guard full.hasPrefix(names.decoder) else { return full }
        return names.adapter + full.dropFirst(names.decoder.count)
    }

    /// The tensor called `name` in the compute type, on the device, in memory of its own.
    ///
    /// - Throws: ``ModelError/missingWeight(name:folder:)``,
    ///   ``ModelError/weightShape(name:expected:found:folder:)`` or
    ///   ``ModelError/notFinite(name:folder:)``.
    func tensor(_ name: String, shape: [Int]) throws -> Tensor {
        switch source {
        case .files(let files):
            try stored(path + name, shape: shape, in: files)
        case .draws(let seed, let deviation):
            try
                (Tensor.randn(shape, seed: CounterSeed.mix(seed, CounterSeed.hash(path + name)))
                * deviation).to(dtype).to(device)
        }
    }

    private func stored(
        _ name: String, shape: [Int], in files: SafeTensorsReader
    ) throws -> Tensor {
        guard let found = files.entry(name)?.shape else {
            throw ModelError.missingWeight(name: name, folder: folder)
        }
        guard found == shape else {
            throw ModelError.weightShape(
                name: name, expected: shape, found: found, folder: folder)
        }
        record.read.insert(name)
        return try withoutGradients {
            let stored = try files.tensor(name)
            // As it lies in the file to where it is wanted, without a copy on the host. Metal has no float64.
            let moved = try (stored.dtype == .float64 ? stored.to(dtype) : stored).to(device)
            // A sum is finite unless an element is not: float32 and bfloat16 hold any sum of real
            // weights, float16 none above 65504.
            let summed = moved.dtype == .float16 ? try moved.to(.float32) : moved
            guard try summed.sum().item().isFinite else {
                throw ModelError.notFinite(name: name, folder: folder)
            }
            let converted = try moved.to(dtype)
            let own = converted.sharesStorage(with: stored) ? try converted.clone() : converted
            files.release(name)
            return own
        }
    }

    /// A bias: as stored, or zero at the start.
    private func bias(_ name: String, count: Int) throws -> Tensor {
        guard case .draws = source else { return try tensor(name, shape: [count]) }
        return try Tensor.zeros([count], dtype: dtype, device: device)
    }

    /// One linear layer, or several that read the same input as one matrix.
    func linear(
        _ layers: [String], inputs: Int, outputs: [Int], bias hasBias: Bool
    ) throws -> Linear {
        var parts: [Linear.Part] = []
        var weights: [Tensor] = []
        var biases: [Tensor] = []
        var row = 0
        for (layer, count) in zip(layers, outputs) {
            parts.append(
                Linear.Part(
                    name: modulePath(layer), stored: path + layer, rows: row..<row + count))
            weights.append(try tensor(layer + ".weight", shape: [count, inputs]))
            if hasBias { biases.append(try bias(layer + ".bias", count: count)) }
            row += count
        }
        let joined = weights.count == 1 ? weights[0] : try Tensor.cat(weights)
        return Linear(
            parts: parts, matrix: try quantization.matrix(joined),
            bias: try biases.isEmpty ? nil : biases.count == 1 ? biases[0] : Tensor.cat(biases))
    }

    /// A norm: as stored, or the identity at the start.
    func norm(_ name: String, width: Int, config: ModelConfig) throws -> RMSNorm {
        let weight: Tensor
        switch source {
        case .files:
            weight = try tensor(name + ".weight", shape: [width])
        case .draws:
            weight = try Tensor.full(
                [width], config.normStyle == .offset ? 0.0 : 1.0, dtype: dtype, device: device)
        }
        return RMSNorm(name: path + name, weight: weight, config: config)
    }

    /// Refuses tensors that nothing read, unless they hold nothing of their own: rotary tables of
    /// old files, the copy of a tied head, parts that text does not use.
    func finish(isHeadTied: Bool) throws {
        guard case .files(let files) = source else { return }
        let left = files.names.filter { name in
            !record.read.contains(name)
                && !name.hasSuffix("rotary_emb.inv_freq")
                && !names.unused.contains { name.hasPrefix($0) }
                && !(isHeadTied && name.hasSuffix("lm_head.weight"))
        }
        guard left.isEmpty else {
            throw ModelError.unusedWeights(names: left, folder: folder)
        }
    }
}
