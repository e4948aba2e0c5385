public import Foundation
public import HoneCore
import OrderedCollections
public import Torch

/// Writes whole models in Hugging Face layout.
public enum ModelFolder {
    /// Writes `model`, adapter merged in, to `folder`: published names and shapes in
    /// `model.safetensors`, and the other files of the folder it came from (configuration,
    /// tokenizer, template), with `torch_dtype` set to what was written.
    ///
    /// The weights are written last and under a passing name, so that a folder with
    /// `model.safetensors` is whole.
    /// - Parameters:
    ///   - source: the folder that `model` was loaded from; for a model trained from nothing, the
    ///     folder of its tokenizer.
    ///   - configuration: what `config.json` holds; that of `source` where nil.
    ///   - dtype: what the weights are written as; the model's own where nil.
    ///   - folder: The folder; it is made where it is missing.
    ///   - model: The model to write.
    public static func save(
        _ model: DecoderModel, folder: URL, source: URL, configuration: JSONObject? = nil,
        dtype: DType? = nil
    ) throws {
        let dtype = dtype ?? model.dtype
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try copyCompanions(of: source, to: folder)
        let configFile = source.appending(path: "config.json")
        try write(
            configuration ?? ModelConfig.object(at: configFile.path), to: folder, dtype: dtype)
        let weights = try withoutGradients {
            try model.mergedParameters(dtype).map { (name: $0.name, tensor: $0.tensor) }
        }
        try SafeTensorsWriter.write(
            weights, to: folder.appending(path: "model.safetensors"))
    }

    /// Copies files that describe the model, its tokenizer and its generation; no weights.
    private static func copyCompanions(of source: URL, to folder: URL) throws {
        for file in try FileManager.default.contentsOfDirectory(
            at: source, includingPropertiesForKeys: nil)
        {
            let name = file.lastPathComponent
            let isText = ["json", "jinja", "model", "txt"].contains(file.pathExtension)
            guard isText, !name.hasSuffix(".safetensors.index.json"), !name.hasPrefix("."),
                name != "config.json"
            else { continue }
            let contents: Data
            do throws(PlainFile.Problem) {
                // Through links: the cache of downloads from the hub consists of them.
                contents = try PlainFile.contents(of: file)
            } catch {
                // A folder of such a name belongs to something else.
                if error.kind == .other { continue }
                throw error
            }
            try contents.write(to: folder.appending(path: name), options: .atomic)
        }
    }

    private static func write(
        _ configuration: JSONObject, to folder: URL, dtype: DType
    ) throws {
        var object = configuration
        object[object["dtype"] == nil ? "torch_dtype" : "dtype"] = .string(dtype.rawValue)
        let text = JSONValue.object(object).text(.indented) + "\n"
        try Data(text.utf8).write(to: folder.appending(path: "config.json"), options: .atomic)
    }
}

extension DecoderModel {
    /// The weights under their published names with what the adapter adds, computed in float32 and
    /// rounded once to `type`, the compute type where nil.
    func mergedParameters(_ type: DType? = nil) throws -> [NamedParameter] {
        let dtype = type ?? dtype
        return try withoutGradients {
            var deltas: [String: Tensor] = [:]
            for linear in linears {
                for (part, adapter) in zip(linear.parts, linear.adapters) {
                    if let adapter { deltas[part.stored + ".weight"] = try adapter.delta() }
                }
            }
            return try publishedParameters().map { parameter in
                guard let delta = deltas[parameter.name] else {
                    return NamedParameter(
                        name: parameter.name, tensor: try parameter.tensor.to(dtype))
                }
                let sum = try parameter.tensor.to(.float32) + delta
                return NamedParameter(name: parameter.name, tensor: try sum.to(dtype))
            }
        }
    }

    /// Adds the adapter to the weights and takes it away: the model computes the same without it.
    ///
    /// - Throws: ``ModelError/invalidAdapter(reason:)`` where the head has an adapter and is tied
    ///   to the embedding, which must not change.
    public func mergeAdapter() throws {
        guard !(config.isHeadTied && head.adapters[0] != nil) else {
            throw ModelError.invalidAdapter(
                reason: "the head is the embedding table; merging would change both")
        }
        try withoutGradients {
            for linear in linears {
                for (part, adapter) in zip(linear.parts, linear.adapters) {
                    guard let adapter else { continue }
                    guard let weight = linear.matrix.trainable else {
                        throw ModelError.invalidAdapter(
                            reason: "the base is kept in few bits, which cannot hold the sum; "
                                + "write the merged model out instead")
                    }
                    let rows = try weight.narrow(0, part.rows)
                    try rows.copy_(rows.to(.float32) + adapter.delta())
                }
            }
        }
        removeAdapter()
    }
}
