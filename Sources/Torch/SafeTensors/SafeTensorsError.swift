import Foundation

/// A safetensors file that cannot be read as one, or could not be written.
public enum SafeTensorsError: Error, Hashable, Sendable {
    /// No `model.safetensors`, no index and no other `.safetensors` file.
    case noWeights(folder: String)
    case unreadable(path: String, reason: String)
    /// The file ends before what its first bytes promise.
    case truncated(path: String, needed: Int, actual: Int)
    /// The header is not what the format says; `offset` counts bytes from the header's start.
    case header(path: String, offset: Int, reason: String)
    /// One tensor's entry contradicts itself, another, or the file.
    case entry(path: String, tensor: String, reason: String)
    case index(path: String, reason: String)
    /// A file that the index names is not there.
    case missingShard(index: String, shard: String)
    /// The index promises a tensor that its shard does not hold.
    case missingTensor(shard: String, tensor: String)
    case duplicate(tensor: String, first: String, second: String)
    case noSuchTensor(tensor: String, path: String, nearest: String?)
    case unwritable(path: String, reason: String)
}

extension SafeTensorsError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noWeights(let folder):
            """
            \(folder) holds no safetensors weights. A model folder has model.safetensors, or its \
            parts and model.safetensors.index.json; convert .bin weights first.
            """
        case .unreadable(let path, let reason): "\(path) cannot be read: \(reason)"
        case .truncated(let path, let needed, let actual):
            """
            \(path) has \(actual) bytes where its header needs \(needed): the copy or download \
            was cut off. Fetch the file again.
            """
        case .header(let path, let offset, let reason):
            "\(path): byte \(offset) of the safetensors header: \(reason). Fetch the file again."
        case .entry(let path, let tensor, let reason):
            "\(path), tensor \(tensor): \(reason)"
        case .index(let path, let reason): "\(path): \(reason)"
        case .missingShard(let index, let shard):
            "\(index) names \(shard), which is not beside it. Fetch that file too."
        case .missingTensor(let shard, let tensor):
            "\(shard) lacks tensor \(tensor), which the index says it holds. Fetch both again."
        case .duplicate(let tensor, let first, let second):
            "tensor \(tensor) is given twice: in \(first) and in \(second)"
        case .noSuchTensor(let tensor, let path, let nearest):
            "\(path) has no tensor \(tensor)"
                + (nearest.map { "; the nearest name it has is \($0)" } ?? "")
        case .unwritable(let path, let reason):
            "\(path) could not be written: \(reason). Nothing was left behind."
        }
    }
}
