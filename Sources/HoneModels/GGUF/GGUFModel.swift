public import Foundation
import OrderedCollections
import Torch

extension GGUFFile {
    /// `model`, adapter merged in, with the tokenizer of `source`, for llama.cpp and what builds on it.
    ///
    /// - Parameters:
    ///   - model: of the families llama, qwen2 or qwen3.
    ///   - source: the folder with its tokenizer.
    ///   - encoding: how matrices are kept.
    ///   - name: `general.name`.
    /// - Throws: ``GGUFError/notExact(what:)`` where the file would not say the same model.
    public init(
        _ model: DecoderModel, source: URL, encoding: GGUFEncoding, name: String
    ) throws {
        let names = try GGUFNames(model.config)
        let tokenizer = try GGUFTokenizer(
            folder: source, vocabularySize: model.config.vocabularySize)
        let general: [(key: String, value: GGUFValue)] = [
            ("general.architecture", .string(names.architecture)),
            ("general.type", .string("model")), ("general.name", .string(name)),
            ("general.file_type", .uint32(encoding.fileType)),
            ("general.quantization_version", .uint32(2)),
        ]
        var keys = OrderedDictionary<String, GGUFValue>()
        for (key, value) in general + names.metadata + tokenizer.metadata { keys[key] = value }
        var tensors = OrderedDictionary<String, GGUFTensor>()
        if let divisors = names.frequencyDivisors {
            tensors["rope_freqs.weight"] = try GGUFTensor(
                Tensor(divisors, shape: [divisors.count]), encoding)
        }
        for parameter in try model.mergedParameters(.float32) {
            let stored = try names.stored(parameter.tensor, published: parameter.name)
            tensors[try names.name(parameter.name)] = try GGUFTensor(stored, encoding)
        }
        self.init(metadata: keys, tensors: tensors)
    }

    /// Puts the weights of this file into `model`, a model of the same configuration, so that the file
    /// can be tried out.
    ///
    /// - Throws: ``GGUFError/missingTensor(_:)``; `TorchError` where a shape differs.
    public func load(into model: DecoderModel) throws {
        let names = try GGUFNames(model.config)
        for (key, value) in names.metadata where metadata[key] != value {
            throw GGUFError.notExact(what: "\(key)")
        }
        try withoutGradients {
            for parameter in try model.publishedParameters() {
                let name = try names.name(parameter.name)
                guard let tensor = tensors[name] else { throw GGUFError.missingTensor(name) }
                let values = try names.published(tensor.values(), name: parameter.name)
                try values.expecting(parameter.tensor.shape, name)
                try parameter.tensor.copy_(values)
            }
        }
    }
}
