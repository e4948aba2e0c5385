import OrderedCollections

extension JSONValue {
    /// How a document is laid out.
    public enum Layout: Sendable {
        /// One line, no spaces: rows and events.
        case compact
        /// Two spaces a level: files that people read.
        case indented
    }

    /// This document as text. Non-finite numbers are written as Python writes them (`NaN`,
    /// `Infinity`); characters beyond ASCII are written as they are.
    public func text(_ layout: Layout = .compact) -> String {
        var output = ""
        write(to: &output, layout: layout, level: 0)
        return output
    }

    private func write(to output: inout String, layout: Layout, level: Int) {
        switch self {
        case .null: output += "null"
        case .bool(let value): output += value ? "true" : "false"
        case .int(let value): output += String(value)
        case .double(let value): output += Self.text(of: value)
        case .string(let value): Self.quote(value, into: &output)
        case .array(let values):
            Self.writeList(values, open: "[", close: "]", to: &output, layout, level) {
                $0.write(to: &$1, layout: layout, level: level + 1)
            }
        case .object(let members):
            Self.writeList(members.elements, open: "{", close: "}", to: &output, layout, level) {
                Self.quote($0.key, into: &$1)
                $1 += layout == .compact ? ":" : ": "
                $0.value.write(to: &$1, layout: layout, level: level + 1)
            }
        }
    }

    private static func writeList<Elements: Collection>(
        _ elements: Elements, open: String, close: String, to output: inout String,
        _ layout: Layout, _ level: Int, write: (Elements.Element, inout String) -> Void
    ) {
        output += open
        var isFirst = true
        for element in elements {
            if !isFirst { output += "," }
            isFirst = false
            if layout == .indented {
                output += "\n" + String(repeating: "  ", count: level + 1)
            }
            write(element, &output)
        }
        if layout == .indented, !isFirst { output += "\n" + String(repeating: "  ", count: level) }
        output += close
    }

    private static func text(of value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
        return "\(value)"
    }

    /// Appends `text` in double quotes, escaped as RFC 8259 asks and no more.
    public static func quote(_ text: String, into output: inout String) {
        output += "\""
        // Runs between escapes are copied whole. What needs an escape is ASCII, so a run begins and
        // ends between scalars.
        var run = text.startIndex
        var index = run
        while index < text.endIndex {
            let byte = text.utf8[index]
            let next = text.utf8.index(after: index)
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                output += text[run..<index]
                output += escape(of: byte)
                run = next
            }
            index = next
        }
        output += text[run...]
        output += "\""
    }

    private static func escape(of byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "\""): return "\\\""
        case UInt8(ascii: "\\"): return "\\\\"
        case UInt8(ascii: "\n"): return "\\n"
        case UInt8(ascii: "\r"): return "\\r"
        case UInt8(ascii: "\t"): return "\\t"
        case 0x08: return "\\b"
        case 0x0C: return "\\f"
        default:
            let hex = String(byte, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        }
    }
}
