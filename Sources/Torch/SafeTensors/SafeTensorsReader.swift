import Foundation

/// The tensors of a safetensors file, or of a folder's `model.safetensors` or sharded
/// `model.safetensors.index.json`. All headers are checked when it is opened; weights are read from
/// disk as they are used.
public final class SafeTensorsReader {
    /// What is known of a tensor without touching its data.
    public struct Entry: Hashable, Sendable {
        public let dtype: DType
        public let shape: [Int]
        public let byteCount: Int
        /// The file that holds it.
        public let path: String
    }

    private struct Place {
        var file: MappedFile
        var entry: SafeTensorsHeader.Entry
    }

    /// The file or folder it was opened from.
    public let path: String
    /// All names, sorted.
    public let names: [String]
    /// The `__metadata__` of all files together.
    public let metadata: [String: String]
    private let places: [String: Place]

    /// - Parameter url: a `.safetensors` file, an index, or a model folder.
    public init(_ url: URL) throws(SafeTensorsError) {
        path = url.path(percentEncoded: false)
        let (files, index) = try Self.files(of: url)
        var places: [String: Place] = [:]
        var metadata: [String: String] = [:]
        for path in files {
            let file = try MappedFile(path: path)
            let header = try SafeTensorsHeader(
                file: UnsafeRawBufferPointer(file.bytes), path: path)
            metadata.merge(header.metadata) { first, _ in first }
            for entry in header.entries {
                if let other = places[entry.name] {
                    throw .duplicate(tensor: entry.name, first: other.file.path, second: path)
                }
                places[entry.name] = Place(file: file, entry: entry)
            }
        }
        for (name, shard) in index.sorted(by: { $0.key < $1.key })
        where places[name]?.file.path != shard {
            throw .missingTensor(shard: shard, tensor: name)
        }
        self.places = places
        self.metadata = metadata
        names = places.keys.sorted()
    }

    /// Bytes of all tensors.
    public var byteCount: Int { places.values.reduce(0) { $0 + $1.entry.bytes.count } }

    public func contains(_ name: String) -> Bool { places[name] != nil }

    /// Nil where there is no such tensor.
    public func entry(_ name: String) -> Entry? {
        places[name].map {
            Entry(
                dtype: $0.entry.dtype, shape: $0.entry.shape, byteCount: $0.entry.bytes.count,
                path: $0.file.path)
        }
    }

    /// The tensor `name` on the CPU, over the mapped file: no copy where the data are aligned for
    /// its type. The file stays mapped as long as the tensor or a view of it lives.
    public func tensor(_ name: String) throws -> Tensor {
        guard let place = places[name] else {
            throw SafeTensorsError.noSuchTensor(
                tensor: name, path: path, nearest: nearestName(to: name))
        }
        let (entry, file) = (place.entry, place.file)
        guard !entry.bytes.isEmpty else { return try Tensor.empty(entry.shape, dtype: entry.dtype) }
        let start = file.bytes.baseAddress! + entry.bytes.lowerBound
        guard Int(bitPattern: start) % entry.dtype.byteCount == 0 else {
            return try Tensor(
                bytes: UnsafeRawBufferPointer(
                    rebasing: UnsafeRawBufferPointer(file.bytes)[entry.bytes]),
                dtype: entry.dtype, shape: entry.shape)
        }
        return try Tensor(
            memory: start, dtype: entry.dtype, shape: entry.shape, owner: file)
    }

    /// Gives back the memory of what was read of `name`: for a reader that has a copy. Tensors over the file
    /// stay valid and read it from disk again.
    public func release(_ name: String) {
        guard let place = places[name] else { return }
        place.file.release(place.entry.bytes)
    }

    /// The name that shares the longest end with `name`: names differ mostly in their prefix.
    private func nearestName(to name: String) -> String? {
        func sharedEnd(_ other: String) -> Int {
            zip(name.reversed(), other.reversed()).prefix { $0 == $1 }.count
        }
        return names.max { (sharedEnd($0), -$0.count) < (sharedEnd($1), -$1.count) }
    }

    private struct Index: Decodable {
        var weightMap: [String: String]
        enum CodingKeys: String, CodingKey { case weightMap = "weight_map" }
    }

    /// The files to map, and for a sharded model the file that holds each tensor.
    private static func files(
        of url: URL
    ) throws(SafeTensorsError) -> (files: [String], index: [String: String]) {
        let manager = FileManager.default
        let path = url.path(percentEncoded: false)
        var isFolder: ObjCBool = false
        guard manager.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw .unreadable(path: path, reason: "there is no such file or folder")
        }
        guard isFolder.boolValue else {
            return url.pathExtension == "json" ? try shards(of: url) : ([path], [:])
        }
        let index = url.appending(path: "model.safetensors.index.json")
        if manager.fileExists(atPath: index.path(percentEncoded: false)) {
            return try shards(of: index)
        }
        let whole = url.appending(path: "model.safetensors").path(percentEncoded: false)
        guard manager.fileExists(atPath: whole) else { throw .noWeights(folder: path) }
        return ([whole], [:])
    }

    private static func shards(
        of url: URL
    ) throws(SafeTensorsError) -> (files: [String], index: [String: String]) {
        let path = url.path(percentEncoded: false)
        let weightMap: [String: String]
        do {
            let file = try MappedFile(path: path)
            weightMap = try JSONDecoder().decode(Index.self, from: Data(file.bytes)).weightMap
        } catch {
            throw .index(path: path, reason: "it is no safetensors index (\(error))")
        }
        let folder = url.deletingLastPathComponent()
        var index: [String: String] = [:]
        for (name, shard) in weightMap {
            // A shard lies beside its index; a path that leads elsewhere is not followed.
            guard !shard.isEmpty, !shard.contains("/") else {
                throw .index(path: path, reason: "\"\(shard)\" is not a file name")
            }
            index[name] = folder.appending(path: shard).path(percentEncoded: false)
        }
        let files = Set(index.values).sorted()
        for file in files where !FileManager.default.fileExists(atPath: file) {
            throw .missingShard(index: path, shard: URL(filePath: file).lastPathComponent)
        }
        return (files, index)
    }
}
