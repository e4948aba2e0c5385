import OrderedCollections

/// `tojson` as transformers defines it: Python's `json.dumps` with `ensure_ascii` off by default.
struct JSONDump {
    var escapesNonASCII = false
    /// What one level of indentation is; `nil` writes everything on one line.
    var indent: String?
    var itemSeparator = ", "
    var keySeparator = ": "
    var sortsKeys = false

    init(_ arguments: CallArguments) throws(TemplateError) {
        let bound = try arguments.bind(
            "tojson", ["ensure_ascii", "indent", "separators", "sort_keys"])
        escapesNonASCII = bound.bool(0)
        if let value = bound.present(1) {
            if let text = value.text {
                guard text.utf8.count <= 1000 else {
                    throw TemplateError(.limit, "tojson() indents by more than 1000 bytes")
                }
                indent = text
            } else {
                indent = String(repeating: " ", count: min(max(try value.requireInt(), 0), 1000))
            }
            itemSeparator = ","
        }
        sortsKeys = bound.bool(3)
        if let value = bound.present(2) {
            let parts = try value.collect(.standard)
            guard parts.count == 2 else {
                throw TemplateError(
                    .value, "tojson() separators must be a pair, got \(parts.count)")
            }
            itemSeparator = try parts[0].requireText()
            keySeparator = try parts[1].requireText()
        }
    }

    func text(_ value: TemplateValue) throws(TemplateError) -> String {
        var output = ""
        try write(value, to: &output, level: 0)
        return output
    }

    private func write(
        _ value: TemplateValue, to output: inout String, level: Int
    ) throws(TemplateError) {
        guard level < 200 else {
            throw TemplateError(.limit, "tojson() of a value nested deeper than 200 levels")
        }
        switch value {
        case .none: output += "null"
        case .bool(let flag): output += flag ? "true" : "false"
        case .int(let number): output += String(number)
        case .double(let number): output += Self.number(number)
        case .string(let text), .markup(let text): quote(text, to: &output)
        case .list(let items): try write(items, to: &output, level)
        case .tuple(let tuple): try write(tuple.items, to: &output, level)
        case .dict(let dict): try write(dict, to: &output, level)
        default:
            throw TemplateError(
                .type, "Object of type \(value.typeName) is not JSON serializable")
        }
    }

    private func breakLine(_ level: Int, _ output: inout String) {
        guard let indent else { return }
        output += "\n"
        for _ in 0..<level { output += indent }
    }

    private func write(
        _ items: [TemplateValue], to output: inout String, _ level: Int
    ) throws(TemplateError) {
        guard !items.isEmpty else {
            output += "[]"
            return
        }
        output += "["
        for (index, item) in items.enumerated() {
            try output.requireRoom()
            if index > 0 { output += itemSeparator }
            breakLine(level + 1, &output)
            try write(item, to: &output, level: level + 1)
        }
        breakLine(level, &output)
        output += "]"
    }

    private func write(
        _ dict: TemplateDict, to output: inout String, _ level: Int
    ) throws(TemplateError) {
        guard !dict.entries.isEmpty else {
            output += "{}"
            return
        }
        var entries = dict.entries.map { ($0.key.value, $0.value) }
        if sortsKeys {
            entries = try StableSort.sorted(entries) { (left, right) throws(TemplateError) in
                try left.0.order(to: right.0).map { $0 < 0 } ?? false
            }
        }
        output += "{"
        for (index, (key, value)) in entries.enumerated() {
            try output.requireRoom()
            if index > 0 { output += itemSeparator }
            breakLine(level + 1, &output)
            quote(try Self.key(key), to: &output)
            output += keySeparator
            try write(value, to: &output, level: level + 1)
        }
        breakLine(level, &output)
        output += "}"
    }

    private static func key(_ key: TemplateValue) throws(TemplateError) -> String {
        switch key {
        case .string(let text), .markup(let text): return text
        case .bool(let flag): return flag ? "true" : "false"
        case .none: return "null"
        case .int(let number): return String(number)
        case .double(let number): return Self.number(number)
        default:
            throw TemplateError(
                .type, "keys must be str, int, float, bool or None, not \(key.typeName)")
        }
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
        return PythonText.number(value)
    }

    private func quote(_ text: String, to output: inout String) {
        output += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            case "\u{08}": output += "\\b"
            case "\u{0C}": output += "\\f"
            case "\u{00}"..<"\u{20}": output += Self.escape(UInt16(scalar.value))
            default:
                if escapesNonASCII, !scalar.isASCII {
                    for unit in String(scalar).utf16 { output += Self.escape(unit) }
                } else {
                    output.unicodeScalars.append(scalar)
                }
            }
        }
        output += "\""
    }

    private static func escape(_ unit: UInt16) -> String {
        let hex = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
    }
}
