import OrderedCollections

/// Reads a JSON document piece by piece, over UTF-8 bytes.
///
/// `JSONValue(parsing:)` is enough for documents of ordinary size. A reader is for those whose bulk
/// is better put straight into its final form than into a tree of values first, such as the
/// vocabulary of a tokenizer: ``openObject()``, ``nextKey(_:into:)`` and ``value()`` walk it.
public struct JSONReader {
    let bytes: [UInt8]
    /// Offset of the next byte to read.
    public internal(set) var position = 0
    var depth = 0

    /// Deeper nesting than any real document; a bound keeps hostile input from overflowing the stack.
    static let maximumDepth = 512

    /// A reader at the start of the document in `bytes`. A byte order mark is skipped.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    mutating func document() throws(JSONError) -> JSONValue {
        let result = try value()
        try finish()
        return result
    }

    /// Checks that nothing but white space follows.
    public mutating func finish() throws(JSONError) {
        skipSpace()
        guard position == bytes.count else { throw error("text after the end of the document") }
    }

    /// An error with the line and column of `offset`, or of the reader's position.
    public func error(_ message: String, at offset: Int? = nil) -> JSONError {
        let end = min(offset ?? position, bytes.count)
        var line = 1
        var lineStart = 0
        for index in 0..<end where bytes[index] == UInt8(ascii: "\n") {
            line += 1
            lineStart = index + 1
        }
        return JSONError(message: message, line: line, column: end - lineStart + 1)
    }

    mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    /// The value that comes next, whole.
    public mutating func value() throws(JSONError) -> JSONValue {
        skipSpace()
        guard position < bytes.count else { throw error("the text ends where a value should be") }
        switch bytes[position] {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "N"): return try literal("NaN", .double(.nan))
        case UInt8(ascii: "I"): return try literal("Infinity", .double(.infinity))
        default: return try number()
        }
    }

    mutating func literal(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        let length = word.utf8CodeUnitCount
        let matches =
            position + length <= bytes.count
            && (0..<length).allSatisfy { bytes[position + $0] == word.utf8Start[$0] }
        guard matches else {
            // `nonsense` begins like `null`, but is hardly a misspelt one.
            let isBegun = position + 1 < bytes.count && bytes[position + 1] == word.utf8Start[1]
            throw error(isBegun ? "expected \(word)" : "expected a value")
        }
        position += length
        return value
    }

    mutating func object() throws(JSONError) -> JSONValue {
        var members = JSONObject()
        var scope = try openObject()
        var key: [UInt8] = []
        while try nextKey(&scope, into: &key) {
            members[String(decoding: key, as: UTF8.self)] = try value()
        }
        return .object(members)
    }

    mutating func array() throws(JSONError) -> JSONValue {
        var values: [JSONValue] = []
        var scope = try openArray()
        while try nextElement(&scope) { values.append(try value()) }
        return .array(values)
    }

    mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        if bytes[position] == UInt8(ascii: "-") {
            position += 1
            if position < bytes.count, bytes[position] == UInt8(ascii: "I") {
                return try literal("Infinity", .double(-.infinity))
            }
        }
        let integerStart = position
        skipDigits()
        guard position > integerStart else { throw error("expected a value", at: start) }
        if bytes[integerStart] == UInt8(ascii: "0"), position - integerStart > 1 {
            throw error("a number cannot begin with 0", at: start)
        }
        var isInteger = true
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            let fractionStart = position
            skipDigits()
            guard position > fractionStart else { throw error("expected digits after '.'") }
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            position += 1
            if position < bytes.count,
                bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-")
            {
                position += 1
            }
            let exponentStart = position
            skipDigits()
            guard position > exponentStart else { throw error("expected digits in the exponent") }
        }
        if isInteger, position - integerStart <= 18 {
            var magnitude = 0
            for index in integerStart..<position {
                magnitude = magnitude * 10 + Int(bytes[index] & 15)
            }
            return .int(integerStart == start ? magnitude : -magnitude)
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let value = Int(text) { return .int(value) }
        guard let value = Double(text) else { throw error("not a number: \(text)", at: start) }
        return .double(value)
    }

    mutating func skipDigits() {
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
    }

    mutating func string() throws(JSONError) -> String {
        var buffer: [UInt8] = []
        try stringBytes(appendingTo: &buffer)
        return String(decoding: buffer, as: UTF8.self)
    }
}
