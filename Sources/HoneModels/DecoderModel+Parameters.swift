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
    public var parameterCount: Int { storedParameters.reduce(0) { $0 + $1.tensor.count } }

    /// Makes all weights of the model itself take gradients (full fine-tuning).
    public func unfreeze() { for each in storedParameters { each.tensor.requiresGradient = true } }

    /// Makes no weight of the model itself take gradients.
    public func freeze() { for each in storedParameters { each.tensor.requiresGradient = false } }

    /// The tensors that the model is kept in, each once.
    var storedParameters: [NamedParameter] {
        var result = [NamedParameter(name: "model.embed_tokens.weight", tensor: embedding)]
        for layer in layers {
            for linear in layer.linears {
                result.append(
                    NamedParameter(name: linear.joinedName + ".weight", tensor: linear.weight))
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
            result.append(NamedParameter(name: "lm_head.weight", tensor: head.weight))
        }
        return result
    }

    /// The weights under their published names and shapes, as views; the values, or with
    /// `gradients` what backward left for them (parameters without gradient are left out).
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
        let prefix = config.weightNames.decoder
        var result = [try view(embedding, prefix + "embed_tokens.weight")]
        for layer in layers {
            for linear in layer.linears {
                for part in linear.parts {
                    result.append(try view(linear.weight, part.stored + ".weight", part.rows))
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
        if !config.isHeadTied { result.append(try view(head.weight, "lm_head.weight")) }
        return result.compactMap { $0 }
    }

    /// A model with copies of these weights, without adapter and without gradients: the reference
    /// of full fine-tuning.
    public func frozenCopy() throws -> DecoderModel {
        try withoutGradients {
            func copy(_ linear: Linear) throws -> Linear {
                Linear(
                    parts: linear.parts, weight: try linear.weight.detached().clone(),
                    bias: try linear.bias?.detached().clone())
            }
            func copy(_ norm: RMSNorm) throws -> RMSNorm {
                RMSNorm(
                    name: norm.name, weight: try norm.weight.detached().clone(), config: config)
            }
            let table = try embedding.detached().clone()
            let copied = DecoderModel(
                config: config, dtype: dtype, device: device, embedding: table,
                layers: try layers.map {
                    try DecoderLayer($0, linear: copy, norm: copy)
                },
                norm: try copy(norm),
                head: config.isHeadTied
                    ? Linear(parts: head.parts, weight: table, bias: nil) : try copy(head))
            copied.rotaryLength = rotaryLength
            return copied
        }
    }
}
