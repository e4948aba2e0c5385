import Foundation

/// Why a folder that was named as a model or as an adapter is none, with what to do instead.
public struct FolderFault: Sendable, Hashable, CustomStringConvertible {
    public let folder: String
    public let reason: String

    public var description: String { "\(folder): \(reason)" }

    /// What is wrong with `folder` as a model; `nil` where it has a `config.json`.
    public init?(ofModel folder: URL) {
        guard !Self.hasFile("config.json", in: folder) else { return nil }
        self.folder = folder.path
        if let missing = Self.absence(of: folder) {
            reason =
                missing == .noSuchPath
                ? missing.rawValue
                    + "; Hone loads nothing from the network: fetch a published model "
                    + "first, as with hf download NAME --local-dir FOLDER"
                : missing.rawValue
        } else if Self.hasFile("adapter_config.json", in: folder) {
            let base =
                AdapterSettings.baseModel(folder.appending(path: "adapter_config.json"))
                .map { " (it was made for \($0))" } ?? ""
            reason =
                "it holds only an adapter; name its base as the model\(base), and this folder with "
                + "--adapter, or as lora.path in a recipe"
        } else {
            reason =
                "it has no config.json, so it is no model folder"
                + Self.meant("config.json", folder)
        }
    }

    /// What is wrong with `folder` as an adapter; `nil` where it has an `adapter_config.json`.
    public init?(ofAdapter folder: URL) {
        guard !Self.hasFile("adapter_config.json", in: folder) else { return nil }
        self.folder = folder.path
        if let missing = Self.absence(of: folder) {
            reason = missing.rawValue
        } else if Self.hasFile("config.json", in: folder) {
            reason = "it holds a whole model and no adapter; name it as the model"
        } else {
            reason =
                "it has no adapter_config.json, so it is no adapter in PEFT's format"
                + Self.meant("adapter_config.json", folder)
        }
    }

    private enum Absence: String {
        case noSuchPath = "there is no such folder"
        case aFile = "it is a file; name the folder that it lies in"
    }

    private static func absence(of folder: URL) -> Absence? {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder) else {
            return .noSuchPath
        }
        return isFolder.boolValue ? nil : .aFile
    }

    private static func hasFile(_ name: String, in folder: URL) -> Bool {
        FileManager.default.fileExists(atPath: folder.appending(path: name).path)
    }

    /// The folders just below, or in a download cache's `snapshots`, that have the file.
    private static func meant(_ file: String, _ folder: URL) -> String {
        let found = [folder, folder.appending(path: "snapshots")].flatMap { place in
            ((try? FileManager.default.contentsOfDirectory(atPath: place.path)) ?? []).sorted()
                .map { place.appending(path: $0) }.filter { hasFile(file, in: $0) }
        }
        guard !found.isEmpty else { return "" }
        return "; did you mean \(found.prefix(3).map(\.path).joined(separator: " or "))?"
    }
}
