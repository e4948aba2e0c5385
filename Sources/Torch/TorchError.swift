import CTorch

/// A tensor operation that could not be done, with what it was given.
public enum TorchError: Error, Hashable, Sendable {
    /// libtorch refused: the operation, its operands and libtorch's own words.
    case operation(name: String, shapes: [[Int]], dtypes: [DType?], message: String)
    /// The device had no memory left for the result.
    case outOfMemory(name: String, shapes: [[Int]], dtypes: [DType?], message: String)
    /// A tensor whose rank or sizes are not what the caller relies on.
    case unexpectedShape(name: String, expected: String, actual: [Int])
    /// An operation that is undefined for this element type.
    case unexpectedDType(name: String, expected: [DType], actual: DType?)
    /// As many values as the shape has places are needed.
    case valueCount(shape: [Int], count: Int)

    /// The failure that the C interface has just reported on this thread.
    static func last(_ name: String, _ operands: [Tensor]) -> TorchError {
        let shapes = operands.map(\.shape)
        let dtypes = operands.map { DType(code: ct_get_dtype($0.handle)) }
        let message = firstSentence(of: String(cString: ct_error_message()))
        return ct_last_error_kind() == CT_ERROR_OUT_OF_MEMORY
            ? .outOfMemory(name: name, shapes: shapes, dtypes: dtypes, message: message)
            : .operation(name: name, shapes: shapes, dtypes: dtypes, message: message)
    }

    /// Everything before libtorch's backtrace, which means nothing to a reader of ours.
    private static func firstSentence(of message: String) -> String {
        var lines: [Substring] = []
        for line in message.split(separator: "\n", omittingEmptySubsequences: true) {
            if line.hasPrefix("Exception raised from") || line.hasPrefix("frame #") { break }
            lines.append(line)
            if lines.count == 4 { break }
        }
        return String(lines.joined(separator: " ").prefix(500))
    }
}

extension TorchError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .operation(let name, let shapes, let dtypes, let message):
            "\(name)\(Self.list(shapes, dtypes)) failed: \(message)"
        case .outOfMemory(let name, let shapes, let dtypes, let message):
            """
            \(name)\(Self.list(shapes, dtypes)) ran out of memory: \(message) \
            Use a smaller batch, shorter texts or a smaller model.
            """
        case .unexpectedShape(let name, let expected, let actual):
            "\(name) needs a tensor of shape \(expected), not \(actual)"
        case .unexpectedDType(let name, let expected, let actual):
            """
            \(name) needs \(expected.map(\.rawValue).joined(separator: " or ")), \
            not \(actual?.rawValue ?? "another type")
            """
        case .valueCount(let shape, let count):
            "\(count) values cannot fill shape \(shape), which has \(shape.reduce(1, *)) places"
        }
    }

    private static func list(_ shapes: [[Int]], _ dtypes: [DType?]) -> String {
        let operands = zip(shapes, dtypes).map { "\($1?.rawValue ?? "?")\($0)" }
        return "(\(operands.joined(separator: ", ")))"
    }
}
