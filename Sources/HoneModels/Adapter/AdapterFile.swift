public import Foundation
import HoneCore
import OrderedCollections
import Torch

/// Adapters in peft's format: `adapter_config.json` and `adapter_model.safetensors`. What peft has no
/// word for, how the base was kept in training, is in a file of our own, `hone_adapter.json`.
public enum AdapterFile {
    static let configName = "adapter_config.json"
    static let weightsName = "adapter_model.safetensors"

    /// What the adapter in `folder` is, without its matrices.
    ///
    /// - Throws: ``ModelError`` where it asks for what this does not do.
    public static func settings(of folder: URL) throws -> LoRAConfig {
        try AdapterSettings.read(folder.appending(path: configName))
    }

    /// Puts the adapter in `folder` on `model`, in place of any it has.
    ///
    /// - Throws: ``ModelError`` where the adapter asks for what this does not do (DoRA, trained
    ///   biases, …), names layers that the model lacks, or has other shapes.
    public static func load(folder: URL, into model: DecoderModel) throws {
        if let fault = FolderFault(ofAdapter: folder) { throw ModelError.wrongFolder(fault) }
        let config = try settings(of: folder)
        let base = try AdapterRecord.read(folder)
        let file = folder.appending(path: weightsName)
        let reader = try SafeTensorsReader(file)
        var unread = Set(reader.names)

        func misfit(_ reason: String) -> ModelError {
            .adapterOfAnotherModel(
                folder: folder.path,
                base: AdapterSettings.baseModel(folder.appending(path: configName)),
                reason: reason)
        }

        func matrix(_ name: String, _ shape: [Int?]) throws -> Tensor {
            guard let found = reader.entry(name)?.shape else {
                throw ModelError.missingWeight(name: name, folder: folder.path)
            }
            guard zip(found, shape).allSatisfy({ $1 == nil || $0 == $1 }), found.count == 2 else {
                throw misfit(
                    "\"\(name)\" has shape \(found), and its layer with rank \(config.rank) needs "
                        + "\(shape.map { $0 ?? config.rank })")
            }
            unread.remove(name)
            let tensor = try reader.tensor(name)
            guard try tensor.to(.float32).sum().item().isFinite else {
                throw ModelError.notFinite(name: name, folder: folder.path)
            }
            let converted = try tensor.to(.float32).to(model.device)
            return converted.sharesStorage(with: tensor) ? try converted.clone() : converted
        }
        try model.setAdapters(config) { name, _, linear, rows in
            let spellings = model.config.weightNames.spellings(of: name)
            let stem = spellings.map { "base_model.model.\($0)" }.first {
                reader.contains($0 + ".lora_A.weight")
            }
            guard let stem else { return nil }
            let rank = config.rank(of: name)
            return (
                down: try matrix(stem + ".lora_A.weight", [rank, linear.inputWidth]),
                up: try matrix(stem + ".lora_B.weight", [rows, rank])
            )
        }
        guard unread.isEmpty else {
            model.removeAdapter()
            let names = unread.sorted()
            throw misfit(
                "it has matrices for layers that the model lacks, as \"\(names[0])\""
                    + (names.count > 1 ? " and \(names.count - 1) more" : ""))
        }
        model.adapterBase = base
    }

    /// Writes the adapter of `model` to `folder`, which is made where it is missing.
    ///
    /// - Parameter baseModel: what `base_model_name_or_path` says: the folder or name that the
    ///   adapter was trained on.
    /// - Parameter folder: The folder; it is made where it is missing.
    /// - Parameter model: The model whose adapter is written.
    /// - Parameter base: How the base was kept that the adapter was trained on; `nil` where nobody
    ///   knows.
    public static func save(
        _ model: DecoderModel, folder: URL, baseModel: String, trainedOn base: BaseQuantization?
    ) throws {
        guard let config = model.adapterConfig else {
            throw ModelError.invalidAdapter(reason: "the model has none to save")
        }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let names = model.adapters.map(\.name)
        let settings = AdapterSettings.object(config, targets: names, baseModel: baseModel)
        let text = JSONValue.object(settings).text(.indented) + "\n"
        try SafeTensorsWriter.write(
            model.trainableParameters.map { (name: $0.name, tensor: $0.tensor) },
            to: folder.appending(path: weightsName))
        try Data(text.utf8).write(to: folder.appending(path: configName), options: .atomic)
        if let base { try AdapterRecord.write(base, to: folder) }
    }
}
