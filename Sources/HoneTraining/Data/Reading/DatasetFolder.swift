import Foundation
import HoneCore

/// A folder that holds a Hugging Face dataset: as `save_to_disk` writes it, or as a repository of the Hub
/// is laid out (`data/train-00000-of-00001.parquet`, `train.jsonl`).
struct DatasetFolder {
    let path: String

    /// The data files of the rows, in order.
    /// - Parameter split: the part that is read; `nil` for `train`, or the only part.
    /// - Throws: ``DatasetError/badFolder(path:reason:)``, naming the parts there are.
    func files(split: String?) throws(DatasetError) -> [String] {
        if exists("dataset_dict.json") {
            let names = try savedSplits()
            let name = try chosen(split, among: names)
            return try DatasetFolder(path: "\(path)/\(name)").savedFiles()
        }
        if exists("state.json") {
            guard split == nil else {
                throw .badFolder(
                    path: path, reason: "holds one part only; remove dataset.split (\(split ?? ""))"
                )
            }
            return try savedFiles()
        }
        return try repositoryFiles(split: split)
    }

    private func exists(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(path)/\(name)")
    }

    /// `split` if it is there; else `train`, or the only one.
    private func chosen(_ split: String?, among names: [String]) throws(DatasetError) -> String {
        let listed = names.joined(separator: ", ")
        if let split {
            if names.contains(split) { return split }
            throw .badFolder(path: path, reason: "has no split \(split); its splits: \(listed)")
        }
        if names.contains("train") { return "train" }
        guard names.count == 1 else {
            throw .badFolder(
                path: path, reason: "has the splits \(listed); name one with dataset.split")
        }
        return names[0]
    }

    // MARK: save_to_disk

    private func savedSplits() throws(DatasetError) -> [String] {
        let names = try document("dataset_dict.json")["splits"]?.arrayValue ?? []
        let splits = names.compactMap(\.stringValue)
        guard !splits.isEmpty else {
            throw .badFolder(path: path, reason: "its dataset_dict.json names no splits")
        }
        return splits
    }

    /// The shards that `state.json` names.
    private func savedFiles() throws(DatasetError) -> [String] {
        let state = try document("state.json")
        if state["_indices_data_files"]?.arrayValue?.isEmpty == false {
            throw .badFolder(
                path: path,
                reason:
                    "was saved with a list of indices by an old version of datasets; load it and "
                    + "save it again after flatten_indices()")
        }
        let names = (state["_data_files"]?.arrayValue ?? []).compactMap {
            $0["filename"]?.stringValue
        }
        guard !names.isEmpty else {
            throw .badFolder(path: path, reason: "its state.json names no data files")
        }
        return names.map { "\(path)/\($0)" }
    }

    private func document(_ name: String) throws(DatasetError) -> JSONValue {
        let file = try DataFile(path: "\(path)/\(name)")
        do {
            return try JSONValue(parsing: file.bytes(at: 0, count: file.size))
        } catch let error as JSONError {
            throw .badFolder(path: path, reason: "\(name) is not JSON: \(error)")
        } catch {
            throw .badFolder(path: path, reason: "\(name): \(error)")
        }
    }

    // MARK: Repositories

    private func repositoryFiles(split: String?) throws(DatasetError) -> [String] {
        let found = try laidOutFiles(in: path)
        guard !found.isEmpty else {
            throw .badFolder(path: path, reason: "holds no data files" + configurations())
        }
        var names: [String] = []
        for file in found where !names.contains(file.split) { names.append(file.split) }
        let name = try chosen(split, among: names)
        let chosen = found.filter { $0.split == name }
        let endings = Set(chosen.map { URL(filePath: $0.path).pathExtension })
        guard endings.count == 1 else {
            throw .badFolder(
                path: path,
                reason:
                    "holds \(name) in several formats (\(endings.sorted().joined(separator: ", "))); "
                    + "name one file with dataset.path")
        }
        return chosen.map(\.path)
    }

    /// Folders that hold data files themselves, as remedy for a path that stops above them.
    private func configurations() -> String {
        let folders = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
            .filter { ((try? laidOutFiles(in: "\(path)/\($0)")) ?? []).isEmpty == false }
        guard !folders.isEmpty else { return "" }
        return "; did you mean \(folders.map { "\(path)/\($0)" }.joined(separator: " or "))?"
    }

    /// Files of rows in `folder`, and in `data` below it, where repositories put them.
    private func laidOutFiles(in folder: String) throws(DatasetError) -> [(
        path: String, split: String
    )] {
        try dataFiles(in: folder) + dataFiles(in: "\(folder)/data")
    }

    /// Files of rows in `folder` by name, each with the split that its name begins with:
    /// `train-00000-of-00002.parquet` and `train.jsonl` belong to train.
    private func dataFiles(in folder: String) throws(DatasetError) -> [(
        path: String, split: String
    )] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        } catch {
            guard FileManager.default.fileExists(atPath: folder) else { return [] }
            throw .unreadable(path: folder, reason: error.localizedDescription)
        }
        return names.compactMap { name in
            guard FileFormat.ending(of: name) != nil, !name.hasPrefix("."),
                !["dataset_infos.json", "dataset_info.json", "state.json"].contains(name)
            else { return nil }
            let stem = name.split(separator: ".").first.map(String.init) ?? name
            let split = stem.firstMatch(of: /-\d+-of-\d+$/).map {
                String(stem[..<$0.range.lowerBound])
            }
            return ("\(folder)/\(name)", split ?? stem)
        }
    }
}
