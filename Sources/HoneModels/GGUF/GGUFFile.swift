public import Foundation
import OrderedCollections

/// A GGUF file: metadata and tensors.
///
/// - Source: the GGUF specification (ggml, `docs/gguf.md`), version 3, little-endian, data aligned to
///   32 bytes.
public struct GGUFFile {
    public var metadata: OrderedDictionary<String, GGUFValue>
    var tensors: OrderedDictionary<String, GGUFTensor>

    private static let magic = Array("GGUF".utf8)
    private static let version: UInt32 = 3
    private static let alignment = 32

    init(
        metadata: OrderedDictionary<String, GGUFValue>,
        tensors: OrderedDictionary<String, GGUFTensor>
    ) {
        self.metadata = metadata
        self.tensors = tensors
    }

    /// Writes the file under a passing name and renames it.
    public func write(to url: URL) throws {
        var header = Data(Self.magic)
        header.append(little: Self.version)
        header.append(little: UInt64(tensors.count))
        header.append(little: UInt64(metadata.count))
        for (key, value) in metadata {
            header.append(gguf: key)
            value.encode(into: &header)
        }
        var offset = 0
        for (name, tensor) in tensors {
            header.append(gguf: name)
            header.append(little: UInt32(tensor.shape.count))
            for size in tensor.shape.reversed() { header.append(little: UInt64(size)) }
            header.append(little: tensor.kind.rawValue)
            header.append(little: UInt64(offset))
            offset += tensor.bytes.count + Self.padding(tensor.bytes.count)
        }
        header.append(Data(count: Self.padding(header.count)))

        let partial = url.appendingPathExtension("partial")
        try header.write(to: partial)
        let file = try FileHandle(forWritingTo: partial)
        try file.seekToEnd()
        for tensor in tensors.values {
            try file.write(contentsOf: tensor.bytes)
            try file.write(contentsOf: Data(count: Self.padding(tensor.bytes.count)))
        }
        try file.synchronize()
        try file.close()
        guard rename(partial.path, url.path) == 0 else {
            throw ModelError.unreadable(
                file: url.path, reason: String(cString: strerror(errno)))
        }
    }

    /// Reads what ``write(to:)`` wrote.
    ///
    /// - Throws: ``GGUFError`` for a file that is cut off or of another version.
    public init(contentsOf url: URL) throws {
        var cursor = GGUFCursor(try Data(contentsOf: url, options: .alwaysMapped))
        let magic = try cursor.bytes(4)
        let version = try cursor.number(UInt32.self)
        guard Array(magic) == Self.magic, version == Self.version else {
            throw GGUFError.notGGUF(version: version)
        }
        let tensorCount = try cursor.count()
        let keyCount = try cursor.count()
        metadata = [:]
        for _ in 0..<keyCount {
            let key = try cursor.string()
            metadata[key] = try GGUFValue(&cursor)
        }
        var places: [(name: String, shape: [Int], kind: GGUFTensor.Kind, offset: Int)] = []
        for _ in 0..<tensorCount {
            let name = try cursor.string()
            var shape: [Int] = []
            for _ in 0..<(try cursor.number(UInt32.self)) {
                shape.insert(Int(try cursor.number(UInt64.self)), at: 0)
            }
            let code = try cursor.number(UInt32.self)
            guard let kind = GGUFTensor.Kind(rawValue: code) else {
                throw GGUFError.unknownType(code)
            }
            places.append((name, shape, kind, Int(try cursor.number(UInt64.self))))
        }
        _ = try cursor.bytes(Self.padding(cursor.offset))
        let start = cursor.offset
        tensors = [:]
        for place in places {
            var reader = cursor
            _ = try reader.bytes(place.offset)
            precondition(reader.offset == start + place.offset)
            let count = place.kind.byteCount(place.shape.reduce(1, *))
            tensors[place.name] = GGUFTensor(
                shape: place.shape, kind: place.kind, bytes: Data(try reader.bytes(count)))
        }
    }

    private static func padding(_ count: Int) -> Int {
        (alignment - count % alignment) % alignment
    }
}
