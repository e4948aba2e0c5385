extension JSONReader {
    /// An object or array that is being read; from ``openObject()`` or ``openArray()``.
    public struct Scope {
        var isFirst = true
    }

    /// What kind of value comes next, judged by its first byte, in the words of an error message.
    public mutating func nextKind() -> String {
        skipSpace()
        guard position < bytes.count else { return "nothing" }
        switch bytes[position] {
        case UInt8(ascii: "{"): return "an object"
        case UInt8(ascii: "["): return "an array"
        case UInt8(ascii: "\""): return "a string"
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return "a boolean"
        case UInt8(ascii: "n"): return "null"
        default: return "a number"
        }
    }

    /// Enters the object that comes next.
    public mutating func openObject() throws(JSONError) -> Scope {
        try open(UInt8(ascii: "{"), "an object")
    }

    /// Enters the array that comes next.
    public mutating func openArray() throws(JSONError) -> Scope {
        try open(UInt8(ascii: "["), "an array")
    }

    /// Moves to the value of the next member and puts its key, as UTF-8, in place of what `key`
    /// held. Returns false, and leaves the object, when there is none.
    public mutating func nextKey(
        _ scope: inout Scope, into key: inout [UInt8]
    ) throws(JSONError) -> Bool {
        guard try advance(&scope, close: UInt8(ascii: "}"), "object") else { return false }
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
            throw error("expected a key in double quotes")
        }
        key.removeAll(keepingCapacity: true)
        try stringBytes(appendingTo: &key)
        skipSpace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: ":") else {
            throw error("expected ':' after the key \"\(String(decoding: key, as: UTF8.self))\"")
        }
        position += 1
        return true
    }

    /// Moves to the next element of an array. Returns false, and leaves it, when there is none.
    public mutating func nextElement(_ scope: inout Scope) throws(JSONError) -> Bool {
        try advance(&scope, close: UInt8(ascii: "]"), "array")
    }

    private mutating func open(_ byte: UInt8, _ kind: String) throws(JSONError) -> Scope {
        skipSpace()
        guard position < bytes.count, bytes[position] == byte else {
            throw error("expected \(kind), found \(nextKind())")
        }
        depth += 1
        guard depth <= Self.maximumDepth else {
            throw error("nested deeper than \(Self.maximumDepth) levels")
        }
        position += 1
        return Scope()
    }

    private mutating func advance(
        _ scope: inout Scope, close: UInt8, _ kind: String
    ) throws(JSONError) -> Bool {
        skipSpace()
        guard position < bytes.count else { throw error("the \(kind) is not closed") }
        if bytes[position] == close, scope.isFirst {
            position += 1
            depth -= 1
            return false
        }
        if scope.isFirst {
            scope.isFirst = false
            return true
        }
        switch bytes[position] {
        case UInt8(ascii: ","):
            position += 1
            skipSpace()
            return true
        case close:
            position += 1
            depth -= 1
            return false
        default:
            throw error("expected ',' or '\(Character(Unicode.Scalar(close)))' in an \(kind)")
        }
    }
}
