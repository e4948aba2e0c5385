public import Foundation
import HoneCore
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
    ///   - source: the folder that `model` was loaded from.
    ///   - dtype: what the weights are written as; the model's own where nil.
    public static func save(
        _ model: DecoderModel, folder: URL, source: URL, dtype: DType? = nil
    ) throws {
        let dtype = dtype ?? model.dtype
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try copyOthers(from: source, to: folder, dtype: dtype)
        let weights = try withoutGradients {
            try model.mergedParameters().map { (name: $0.name, tensor: try $0.tensor.to(dtype)) }
        }
        try SafeTensorsWriter.write(
            weights, to: folder.appending(path: "model.safetensors"))
    }

    /// Copies files that describe the model, its tokenizer and its generation; no weights.
    private static func copyOthers(from source: URL, to folder: URL, dtype: DType) throws {
        let manager = FileManager.default
        for file in try manager.contentsOfDirectory(
            at: source, includingPropertiesForKeys: [.isRegularFileKey])
        {
            let name = file.lastPathComponent
            let isText = ["json", "jinja", "model", "txt"].contains(file.pathExtension)
            guard isText, !name.hasSuffix(".safetensors.index.json"), !name.hasPrefix("."),
                try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile ?? false
            else { continue }
            var data = try Data(contentsOf: file)
            if name == "config.json" { data = try config(data, file: file.path, dtype: dtype) }
            try data.write(to: folder.appending(path: name), options: .atomic)
        }
    }

    private static func config(_ data: Data, file: String, dtype: DType) throws -> Data {
        guard var object = try JSONValue(parsing: [UInt8](data)).objectValue else {
            throw ModelError.unreadable(file: file, reason: "it must hold an object")
        }
        object[object["dtype"] == nil ? "torch_dtype" : "dtype"] = .string(dtype.rawValue)
        return Data((JSONValue.object(object).text(.indented) + "\n").utf8)
    }
}

extension DecoderModel {
    /// The weights under their published names with what the adapter adds, computed in float32 and
    /// rounded once to the compute type.
    func mergedParameters() throws -> [NamedParameter] {
        try withoutGradients {
            var deltas: [String: Tensor] = [:]
            for linear in linears {
                for (part, adapter) in zip(linear.parts, linear.adapters) {
                    if let adapter { deltas[part.stored + ".weight"] = try adapter.delta() }
                }
            }
            return try publishedParameters().map { parameter in
                guard let delta = deltas[parameter.name] else { return parameter }
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
                    let rows = try linear.weight.narrow(0, part.rows)
                    try rows.copy_(rows.to(.float32) + adapter.delta())
                }
            }
        }
        removeAdapter()
    }
}
