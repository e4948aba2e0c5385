import Foundation

/// Writes tensors in the safetensors format.
public enum SafeTensorsWriter {
    /// Writes `tensors` to `url` in one file. The file is replaced in one step; on failure the old
    /// one is untouched and nothing is left behind.
    ///
    /// - Parameters:
    ///   - tensors: names must differ; the order is kept among elements of one size, and larger
    ///     elements come first so that all data are aligned.
    ///   - metadata: `format: pt` is added, which `transformers` asks for.
    ///   - url: The file.
    public static func write(
        _ tensors: [(name: String, tensor: Tensor)], to url: URL, metadata: [String: String] = [:]
    ) throws {
        let path = url.path(percentEncoded: false)
        var names: Set<String> = []
        for (name, _) in tensors where !names.insert(name).inserted {
            throw SafeTensorsError.duplicate(tensor: name, first: path, second: path)
        }
        let ordered = DType.allCases.map(\.byteCount).sorted(by: >).uniqued().flatMap { size in
            tensors.filter { $0.tensor.dtype.byteCount == size }
        }
        let file = try AtomicFile(replacing: url)
        let header = try header(of: ordered, metadata: metadata)
        var length = UInt64(header.count).littleEndian
        try withUnsafeBytes(of: &length) { try file.write($0) }
        try header.withUnsafeBytes { try file.write($0) }
        for (_, tensor) in ordered where tensor.count > 0 {
            // One tensor at a time comes to the host.
            let host = try tensor.detached().to(.cpu).contiguous()
            try host.withUnsafeMutableBytes { try file.write(UnsafeRawBufferPointer($0)) }
        }
        try file.commit()
    }

    private static func header(
        of tensors: [(name: String, tensor: Tensor)], metadata: [String: String]
    ) throws -> Data {
        let metadata = metadata.merging(["format": "pt"]) { given, _ in given }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        func quoted(_ text: String) throws -> String {
            String(decoding: try encoder.encode(text), as: UTF8.self)
        }
        var parts = [
            "\"__metadata__\":" + String(decoding: try encoder.encode(metadata), as: UTF8.self)
        ]
        var place = 0
        for (name, tensor) in tensors {
            let end = place + tensor.byteCount
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            parts.append(
                """
                \(try quoted(name)):{"dtype":"\(tensor.dtype.safeTensorsName)",\
                "shape":[\(shape)],"data_offsets":[\(place),\(end)]}
                """)
            place = end
        }
        var header = Data("{\(parts.joined(separator: ","))}".utf8)
        // Spaces up to a multiple of 8 align the data that follow.
        header.append(contentsOf: repeatElement(32, count: (8 - header.count % 8) % 8))
        return header
    }
}

extension [Int] {
    fileprivate func uniqued() -> [Int] {
        reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }
}
