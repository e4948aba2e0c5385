public import Torch

/// A tensor that training changes, and a name for it that is unique in its model.
public struct NamedParameter {
    public let name: String
    public let tensor: Tensor

    public init(name: String, tensor: Tensor) {
        self.name = name
        self.tensor = tensor
    }
}

extension DecoderModel {
    /// What the optimiser changes: the adapter's matrices where there is an adapter, else all
    /// weights that take gradients (see ``unfreeze()``).
    ///
    /// Adapter names are peft's ("base_model.model.….lora_A.weight"). Layers stored as one matrix
    /// are one parameter, named after all of them ("….q_proj+k_proj+v_proj.weight").
    public var trainableParameters: [NamedParameter] {
        let adapters = adapters
        guard adapters.isEmpty else {
            return adapters.flatMap { adapter in
                [
                    NamedParameter(name: adapter.downName, tensor: adapter.down),
                    NamedParameter(name: adapter.upName, tensor: adapter.up),
                ]
            }
        }
        return storedParameters.filter { $0.tensor.requiresGradient }
    }

    /// How many numbers ``trainableParameters`` hold.
    public var trainableCount: Int { trainableParameters.reduce(0) { $0 + $1.tensor.count } }

    /// How many numbers the model itself holds, a tied head counted once.
    public var parameterCount: Int {
        storedParameters.reduce(0) { $0 + $1.tensor.count }
            + codedMatrices.reduce(0) { $0 + $1.count }
    }

    /// Bytes that the model itself takes, a tied head counted once; without adapters.
    public var baseBytes: Int {
        storedParameters.reduce(0) { $0 + $1.tensor.byteCount }
            + codedMatrices.reduce(0) { $0 + $1.byteCount }
    }

    /// Bytes of the weights that a decode step reads: all, but of an untied embedding single rows.
    public var decodeBytes: Int { baseBytes - (config.isHeadTied ? 0 : embedding.byteCount) }

    /// How the weights are kept.
    public var quantization: BaseQuantization { codedMatrices.isEmpty ? .none : .nf4 }

    /// What is kept in few bits, each once.
    private var codedMatrices: [BaseMatrix] {
        let tables = config.isHeadTied ? [embedding] : [embedding, head.matrix]
        return (tables + layers.flatMap { $0.linears.map(\.matrix) })
            .filter { $0.trainable == nil }
    }

    /// Makes all weights of the model itself take gradients (full fine-tuning).
    public func unfreeze() { for each in storedParameters { each.tensor.requiresGradient = true } }

    /// Makes no weight of the model itself take gradients.
    public func freeze() { for each in storedParameters { each.tensor.requiresGradient = false } }

    /// The tensors that the model is kept in, each once; not what is kept in few bits.
    var storedParameters: [NamedParameter] {
        var result: [NamedParameter] = []
        func append(_ matrix: BaseMatrix, _ name: String) {
            guard let tensor = matrix.trainable else { return }
            result.append(NamedParameter(name: name, tensor: tensor))
        }
        append(embedding, "model.embed_tokens.weight")
        for layer in layers {
            for linear in layer.linears {
                append(linear.matrix, linear.joinedName + ".weight")
                if let bias = linear.bias {
                    result.append(NamedParameter(name: linear.joinedName + ".bias", tensor: bias))
                }
            }
            result += layer.norms.map {
                NamedParameter(name: $0.name + ".weight", tensor: $0.weight)
            }
        }
        result.append(NamedParameter(name: norm.name + ".weight", tensor: norm.weight))
        if !config.isHeadTied {
            append(head.matrix, "lm_head.weight")
        }
        return result
    }

    /// About how many bytes a pass with gradients keeps for each row: what enters and leaves the layers'
    /// products.
    public var activationBytesPerRow: Int {
        let numbers = layers.reduce(0) { sum, layer in
            sum + layer.linears.reduce(0) { $0 + $1.matrix.shape[0] + $1.matrix.shape[1] }
        }
        return max(numbers * dtype.byteCount, 1)
    }

    /// The weights under their published names and shapes; the values, or with `gradients` what
    /// backward left for them (parameters without gradient are left out). Views, but for values kept
    /// in few bits, which are copies.
    public func publishedParameters(gradients: Bool = false) throws -> [NamedParameter] {
        func view(_ tensor: Tensor, _ name: String, _ rows: Range<Int>? = nil) throws
            -> NamedParameter?
        {
            guard let source = gradients ? tensor.gradient : try tensor.detached() else {
                return nil
            }
            return NamedParameter(
                name: name, tensor: try rows.map { try source.narrow(0, $0) } ?? source)
        }
        func values(_ matrix: BaseMatrix) throws -> Tensor? {
            try gradients && matrix.trainable == nil ? nil : matrix.values(dtype)
        }
        let prefix = config.weightNames.decoder
        var result = [
            try values(embedding).flatMap { try view($0, prefix + "embed_tokens.weight") }
        ]
        for layer in layers {
            for linear in layer.linears {
                let weight = try values(linear.matrix)
                for part in linear.parts {
                    if let weight {
                        result.append(try view(weight, part.stored + ".weight", part.rows))
                    }
                    if let bias = linear.bias {
                        result.append(try view(bias, part.stored + ".bias", part.rows))
                    }
                }
            }
            for norm in layer.norms {
                result.append(try view(norm.weight, norm.name + ".weight"))
            }
        }
        result.append(try view(norm.weight, norm.name + ".weight"))
        if !config.isHeadTied, let weight = try values(head.matrix) {
            result.append(try view(weight, "lm_head.weight"))
        }
        return result.compactMap { $0 }
    }

    /// A model with copies of these weights, without adapter and without gradients: the reference
    /// of full fine-tuning.
    public func frozenCopy() throws -> DecoderModel {
        try withoutGradients {
            func copy(_ linear: Linear) throws -> Linear {
                Linear(
                    parts: linear.parts, matrix: try linear.matrix.copy(),
                    bias: try linear.bias?.detached().clone())
            }
            func copy(_ norm: RMSNorm) throws -> RMSNorm {
                RMSNorm(
                    name: norm.name, weight: try norm.weight.detached().clone(), config: config)
            }
            let table = try embedding.copy()
            let copied = DecoderModel(
                config: config, dtype: dtype, device: device, embedding: table,
                layers: try layers.map {
                    try DecoderLayer($0, linear: copy, norm: copy)
                },
                norm: try copy(norm),
                head: config.isHeadTied
                    ? Linear(parts: head.parts, matrix: table, bias: nil) : try copy(head))
            copied.rotaryLength = rotaryLength
            return copied
        }
    }
}
