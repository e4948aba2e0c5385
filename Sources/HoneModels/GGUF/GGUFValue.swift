import Foundation

/// A value of a GGUF file's metadata.
///
/// - Source: the GGUF specification (ggml, `docs/gguf.md`), version 3.
public enum GGUFValue: Sendable, Hashable {
    case uint32(UInt32)
    case int32(Int32)
    case float32(Float)
    case bool(Bool)
    case string(String)
    case strings([String])
    case int32s([Int32])

    private static let array: UInt32 = 9

    /// The number that the format gives the type of a value; of the elements for a list.
    private var code: UInt32 {
        switch self {
        case .uint32: 4
        case .int32, .int32s: 5
        case .float32: 6
        case .bool: 7
        case .string, .strings: 8
        }
    }

    /// Type and value as they stand in a file.
    func encode(into data: inout Data) {
        switch self {
        case .strings(let values):
            data.append(little: Self.array)
            data.append(little: code)
            data.append(little: UInt64(values.count))
            for value in values { data.append(gguf: value) }
        case .int32s(let values):
            data.append(little: Self.array)
            data.append(little: code)
            data.append(little: UInt64(values.count))
            for value in values { data.append(little: value) }
        case .uint32(let value):
            data.append(little: code)
            data.append(little: value)
        case .int32(let value):
            data.append(little: code)
            data.append(little: value)
        case .float32(let value):
            data.append(little: code)
            data.append(little: value.bitPattern)
        case .bool(let value):
            data.append(little: code)
            data.append(value ? 1 : 0)
        case .string(let value):
            data.append(little: code)
            data.append(gguf: value)
        }
    }

    /// Reads what ``encode(into:)`` wrote.
    init(_ cursor: inout GGUFCursor) throws(GGUFError) {
        let type = try cursor.number(UInt32.self)
        guard type == Self.array else {
            self = try Self.scalar(type, &cursor)
            return
        }
        let element = try cursor.number(UInt32.self)
        let count = try cursor.count()
        switch element {
        case 5:
            var values: [Int32] = []
            for _ in 0..<count { values.append(try cursor.number(Int32.self)) }
            self = .int32s(values)
        case 8:
            var values: [String] = []
            for _ in 0..<count { values.append(try cursor.string()) }
            self = .strings(values)
        default: throw .unknownType(element)
        }
    }

    private static func scalar(
        _ type: UInt32, _ cursor: inout GGUFCursor
    ) throws(GGUFError) -> GGUFValue {
        switch type {
        case 4: .uint32(try cursor.number(UInt32.self))
        case 5: .int32(try cursor.number(Int32.self))
        case 6: .float32(Float(bitPattern: try cursor.number(UInt32.self)))
        case 7: .bool(try cursor.number(UInt8.self) != 0)
        case 8: .string(try cursor.string())
        default: throw .unknownType(type)
        }
    }
}

extension Data {
    mutating func append(little value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    /// Length and bytes of a text.
    mutating func append(gguf text: String) {
        append(little: UInt64(text.utf8.count))
        append(contentsOf: text.utf8)
    }
}

/// A place in the bytes of a GGUF file.
struct GGUFCursor {
    let data: Data
    private(set) var offset = 0

    init(_ data: Data) { self.data = data }

    mutating func bytes(_ count: Int) throws(GGUFError) -> Data {
        guard count >= 0, offset + count <= data.count else { throw .truncated(atByte: offset) }
        let start = data.startIndex + offset
        offset += count
        return data[start..<start + count]
    }

    mutating func number<Number: FixedWidthInteger>(
        _ type: Number.Type
    ) throws(GGUFError) -> Number {
        let bytes = try bytes(MemoryLayout<Number>.size)
        return bytes.withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(as: Number.self)) }
    }

    /// A count of things that follow, each of at least one byte.
    mutating func count() throws(GGUFError) -> Int {
        let count = try number(UInt64.self)
        guard count <= UInt64(data.count) else { throw .truncated(atByte: offset) }
        return Int(count)
    }

    mutating func string() throws(GGUFError) -> String {
        let count = try count()
        return String(decoding: try bytes(count), as: UTF8.self)
    }
}

/// Why a GGUF file cannot be written or read.
public enum GGUFError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The model or its tokenizer has something that the format, or this writer, cannot say exactly.
    case notExact(what: String)
    case truncated(atByte: Int)
    case unknownType(UInt32)
    case notGGUF(version: UInt32)
    case missingTensor(String)

    public var description: String {
        switch self {
        case .notExact(let what):
            "\(what) cannot be written to GGUF so that the same model comes out; "
                + "export the merged folder instead (--format merged)"
        case .truncated(let offset): "the GGUF file ends too early, at byte \(offset)"
        case .unknownType(let type): "the GGUF file holds a value of unknown type \(type)"
        case .notGGUF(let version): "no GGUF file of version 3 (found \(version))"
        case .missingTensor(let name): "the GGUF file lacks the tensor \(name)"
        }
    }
}
