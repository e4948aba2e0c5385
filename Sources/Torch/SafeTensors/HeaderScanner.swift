import Foundation

/// Reads the JSON of a safetensors header, which has one fixed form, and refuses all else.
///
/// A general JSON reader would keep the last of two equal names and lose the place of an error.
struct HeaderScanner {
    struct Entry {
        var name: String
        var dtype = ""
        var shape: [Int] = []
        var begin = 0
        var end = 0
    }

    private let bytes: Slice<UnsafeRawBufferPointer>
    private var place: Int
    private let path: String

    init(bytes: Slice<UnsafeRawBufferPointer>, path: String) {
        self.bytes = bytes
        self.path = path
        place = bytes.startIndex
    }

    mutating func header() throws(SafeTensorsError) -> (
        entries: [Entry], metadata: [String: String]
    ) {
        var entries: [Entry] = []
        var metadata: [String: String] = [:]
        var names: Set<String> = []
        try object { (scanner, name) throws(SafeTensorsError) in
            guard names.insert(name).inserted else {
                throw .duplicate(tensor: name, first: scanner.path, second: scanner.path)
            }
            if name == "__metadata__" {
                metadata = try scanner.strings()
            } else {
                entries.append(try scanner.entry(name))
            }
        }
        skipSpace()
        guard place == bytes.endIndex else { throw failure("text follows the closing brace") }
        return (entries, metadata)
    }

    private mutating func strings() throws(SafeTensorsError) -> [String: String] {
        var result: [String: String] = [:]
        try object { (scanner, key) throws(SafeTensorsError) in
            result[key] = try scanner.string()
        }
        return result
    }

    private mutating func entry(_ name: String) throws(SafeTensorsError) -> Entry {
        var entry = Entry(name: name)
        var fields: Set<String> = []
        try object { (scanner, key) throws(SafeTensorsError) in
            switch key {
            case "dtype": entry.dtype = try scanner.string()
            case "shape": entry.shape = try scanner.integers()
            case "data_offsets":
                let offsets = try scanner.integers()
                guard offsets.count == 2 else {
                    throw scanner.failure("data_offsets of \(name) needs two numbers")
                }
                (entry.begin, entry.end) = (offsets[0], offsets[1])
            default: throw scanner.failure("tensor \(name) has an unknown field \(key)")
            }
            fields.insert(key)
        }
        guard fields.count == 3 else {
            throw .entry(
                path: path, tensor: name, reason: "it lacks dtype, shape or data_offsets")
        }
        return entry
    }

    /// Reads `{ "key": value, … }`; `value` reads each value.
    private mutating func object(
        _ value: (inout HeaderScanner, String) throws(SafeTensorsError) -> Void
    ) throws(SafeTensorsError) {
        try expect(UInt8(ascii: "{"))
        if take(UInt8(ascii: "}")) { return }
        repeat {
            let key = try string()
            try expect(UInt8(ascii: ":"))
            try value(&self, key)
        } while take(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"))
    }

    private mutating func integers() throws(SafeTensorsError) -> [Int] {
        var result: [Int] = []
        try expect(UInt8(ascii: "["))
        if take(UInt8(ascii: "]")) { return result }
        repeat { result.append(try integer()) } while take(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"))
        return result
    }

    private mutating func integer() throws(SafeTensorsError) -> Int {
        skipSpace()
        var value = 0
        let start = place
        while place < bytes.endIndex, case let digit = bytes[place], (48...57).contains(digit) {
            let (tens, a) = value.multipliedReportingOverflow(by: 10)
            let (sum, b) = tens.addingReportingOverflow(Int(digit - 48))
            if a || b { throw failure("a number is beyond 64 bits") }
            value = sum
            place += 1
        }
        guard place > start else { throw failure("a whole number, 0 or more, must stand here") }
        return value
    }

    private mutating func string() throws(SafeTensorsError) -> String {
        skipSpace()
        guard place < bytes.endIndex, bytes[place] == UInt8(ascii: "\"") else {
            throw failure("a string must stand here")
        }
        let start = place
        place += 1
        var hasEscape = false
        while place < bytes.endIndex, bytes[place] != UInt8(ascii: "\"") {
            if bytes[place] == UInt8(ascii: "\\") {
                hasEscape = true
                place += 1
            }
            place += 1
        }
        guard place < bytes.endIndex else { throw failure("a string does not end") }
        place += 1
        let quoted = bytes[start..<place]
        if !hasEscape, let text = String(validating: quoted.dropFirst().dropLast(), as: UTF8.self) {
            return text
        }
        // Escapes are rare in names; Foundation knows them all.
        guard let text = try? JSONDecoder().decode(String.self, from: Data(quoted)) else {
            throw failure("a string is not valid UTF-8 or JSON")
        }
        return text
    }

    private mutating func skipSpace() {
        while place < bytes.endIndex, [32, 9, 10, 13].contains(bytes[place]) { place += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard place < bytes.endIndex, bytes[place] == byte else { return false }
        place += 1
        return true
    }

    private mutating func expect(_ byte: UInt8) throws(SafeTensorsError) {
        guard take(byte) else {
            throw failure("'\(Character(UnicodeScalar(byte)))' must stand here")
        }
    }

    private func failure(_ reason: String) -> SafeTensorsError {
        .header(path: path, offset: place - bytes.startIndex, reason: reason)
    }
}
