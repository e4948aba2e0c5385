import OrderedCollections

extension TemplateFilter {
    /// Filters that make text of a value.
    func applyToText(
        _ value: TemplateValue, _ arguments: CallArguments, _ interpreter: TemplateInterpreter
    ) throws(TemplateError) -> TemplateValue {
        switch self {
        case .string:
            _ = try bind(arguments, [])
            if case .markup = value { return value }
            return .string(try PythonText.string(value))
        case .safe:
            _ = try bind(arguments, [])
            return .markup(try PythonText.string(value))
        case .e, .escape:
            _ = try bind(arguments, [])
            return .markup(try HTML.escape(value))
        case .forceescape:
            _ = try bind(arguments, [])
            return .markup(HTML.escape(try PythonText.string(value)))
        case .upper: return try cased(value, arguments, TextCase.upper)
        case .lower: return try cased(value, arguments, TextCase.lower)
        case .capitalize:
            return try cased(value, arguments) { TextCase.apply(.capitalize, $0) ?? $0 }
        case .title: return try cased(value, arguments, Self.titled)
        case .trim:
            let bound = try bind(arguments, ["chars"])
            let characters = try bound.present(0).map { (value) throws(TemplateError) in
                try value.requireText()
            }
            return Self.like(value, try PythonText.string(value).pythonStripped(characters))
        case .center:
            let width = try bind(arguments, ["width"]).int(0, default: 80)
            return try StringMethod.center.call(
                try PythonText.string(value), CallArguments(positional: [.int(width)]),
                interpreter)
        case .format:
            guard arguments.positional.isEmpty || arguments.keyword.isEmpty else {
                throw TemplateError(
                    .filterArgument,
                    "can't handle positional and keyword arguments at the same time")
            }
            var values = TemplateValue.tuple(arguments.positional)
            if !arguments.keyword.isEmpty {
                var entries = TemplateDict.Entries()
                for (name, value) in arguments.keyword {
                    entries[TemplateKey(.string(name))] = value
                }
                values = .dict(TemplateDict(entries))
            }
            return .string(try PercentFormat.apply(try PythonText.string(value), values))
        case .replace:
            let bound = try bind(arguments, ["old", "new", "count"], required: 2)
            let count = try bound.present(2)?.requireInt() ?? -1
            let text = try PythonText.string(value)
            let old = try PythonText.string(bound.value(0))
            let new = try PythonText.string(bound.value(1))
            try StringMethod.requireRoom(replacing: old, by: new, in: text)
            return .string(text.pythonReplacing(old, new, count: count))
        case .indent: return try indented(value, arguments)
        case .truncate: return try truncated(value, arguments)
        case .wordcount:
            _ = try bind(arguments, [])
            return .int(Self.wordCount(try PythonText.string(value)))
        case .striptags:
            _ = try bind(arguments, [])
            return .string(Self.withoutTags(try PythonText.string(value)))
        case .urlencode:
            _ = try bind(arguments, [])
            return try Self.urlEncoded(value, interpreter.limits)
        case .xmlattr: return try xmlAttributes(value, arguments)
        default: return value
        }
    }

    /// `text` marked if `value` was.
    private static func like(_ value: TemplateValue, _ text: String) -> TemplateValue {
        if case .markup = value { return .markup(text) }
        return .string(text)
    }

    private func cased(
        _ value: TemplateValue, _ arguments: CallArguments, _ change: (String) -> String
    ) throws(TemplateError) -> TemplateValue {
        _ = try bind(arguments, [])
        return Self.like(value, change(try PythonText.string(value)))
    }

    /// Words begin after white space, a hyphen or an opening bracket; unlike `str.title`, an
    /// apostrophe does not begin one.
    private static func titled(_ text: String) -> String {
        var output = ""
        var word = ""
        func flush() {
            guard let first = word.unicodeScalars.first else { return }
            output += TextCase.upper(String(first))
            output += TextCase.lower(String(word.unicodeScalars.dropFirst()))
            word = ""
        }
        for scalar in text.unicodeScalars {
            if scalar.isPythonSpace || "-({[<".unicodeScalars.contains(scalar) {
                flush()
                output.unicodeScalars.append(scalar)
            } else {
                word.unicodeScalars.append(scalar)
            }
        }
        flush()
        return output
    }

    private func indented(
        _ value: TemplateValue, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateValue {
        let bound = try bind(arguments, ["width", "first", "blank"])
        guard let text = value.text else {
            if case .undefined(let undefined) = value { throw undefined.error }
            // Python's lists take the newline that is added, and only then lack what comes next.
            if case .list = value {
                throw TemplateError(.attribute, "'list' object has no attribute 'splitlines'")
            }
            throw TemplateError(
                .type,
                "unsupported operand type(s) for +=: '\(value.typeName)' and 'str'")
        }
        let indentation: String
        if let given = bound[0]?.text {
            indentation = given
        } else {
            let width = try bound.int(0, default: 4)
            indentation = String(repeating: " ", count: Swift.min(Swift.max(width, 0), 1000))
        }
        // A newline is added first, so that one at the end gives a last, empty line.
        let lines = (text + "\n").pythonLines()
        var output = bound.bool(1) ? indentation : ""
        for (index, line) in lines.enumerated() {
            if index > 0 {
                output += "\n"
                if bound.bool(2) || !line.isEmpty { output += indentation }
            }
            output += line
            try output.requireRoom()
        }
        return Self.like(value, output)
    }

    private func truncated(
        _ value: TemplateValue, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateValue {
        let bound = try bind(arguments, ["length", "killwords", "end", "leeway"])
        let length = try bound.int(0, default: 255)
        let end = try bound.text(2, default: "...")
        let leeway = try bound.present(3)?.requireInt() ?? 5
        guard length >= end.scalarCount else {
            throw TemplateError(
                .runtime, "expected length >= \(end.scalarCount), got \(length)")
        }
        guard leeway >= 0 else {
            throw TemplateError(.runtime, "expected leeway >= 0, got \(leeway)")
        }
        // By subtraction: the sum may be beyond 64 bits.
        if try value.length() - length <= leeway { return value }
        guard let text = value.text else {
            throw TemplateError(
                .attribute, "'\(value.typeName)' object has no attribute 'rsplit'")
        }
        let kept = String(text.unicodeScalars.prefix(length - end.scalarCount))
        if bound.bool(1) { return .string(kept + end) }
        return .string(
            kept.pythonParts(separatedBy: " ", most: 1, fromEnd: true)[0] + end)
    }

    private static func wordCount(_ text: String) -> Int {
        var (count, isInWord) = (0, false)
        for scalar in text.unicodeScalars {
            let isPart = scalar == "_" || scalar.isPythonAlphanumeric
            if isPart, !isInWord { count += 1 }
            isInWord = isPart
        }
        return count
    }

    private static func withoutTags(_ text: String) -> String {
        var rest = text
        for (open, close) in [("<!--", "-->"), ("<", ">")] {
            var output = ""
            var parts = rest.pythonParts(separatedBy: open, most: .max, fromEnd: false)[...]
            output += parts.removeFirst()
            for part in parts {
                let pieces = part.pythonParts(separatedBy: close, most: 1, fromEnd: false)
                output += pieces.count == 2 ? pieces[1] : open + part
            }
            rest = output
        }
        let joined = rest.pythonWords(most: .max, fromEnd: false).joined(separator: " ")
        var plain = joined
        let named = [
            "&lt;": "<", "&gt;": ">", "&#39;": "'", "&#34;": "\"", "&quot;": "\"", "&amp;": "&",
        ]
        for name in ["&lt;", "&gt;", "&#39;", "&#34;", "&quot;", "&amp;"] {
            plain = plain.pythonReplacing(name, named[name] ?? name)
        }
        return plain
    }

    private static func quoted(_ text: String, forQuery: Bool) -> String {
        var output = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: "-"), UInt8(ascii: "~"):
                output.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: "/") where !forQuery: output += "/"
            case UInt8(ascii: " ") where forQuery: output += "+"
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                output += "%" + (hex.count == 1 ? "0" : "") + hex
            }
        }
        return output
    }

    private static func urlEncoded(
        _ value: TemplateValue, _ limits: TemplateLimits
    ) throws(TemplateError) -> TemplateValue {
        var pairs: [TemplateValue]
        switch value {
        case .dict(let dict): pairs = DictView(.items, of: dict).values
        case .list, .tuple, .view, .iterator, .range, .undefined:
            pairs = try value.collect(limits)
        default: return .string(quoted(try PythonText.string(value), forQuery: false))
        }
        var output: [String] = []
        for pair in pairs {
            let parts = try pair.collect(limits)
            guard parts.count == 2 else {
                throw TemplateError(.value, "urlencode() needs pairs, got \(parts.count) items")
            }
            output.append(
                quoted(try PythonText.string(parts[0]), forQuery: true) + "="
                    + quoted(try PythonText.string(parts[1]), forQuery: true))
        }
        return .string(output.joined(separator: "&"))
    }

    private func xmlAttributes(
        _ value: TemplateValue, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateValue {
        let bound = try bind(arguments, ["autospace"])
        if case .undefined(let undefined) = value { throw undefined.error }
        guard case .dict(let dict) = value else {
            throw TemplateError(
                .attribute, "'\(value.typeName)' object has no attribute 'items'")
        }
        var parts: [String] = []
        for (key, value) in dict.entries {
            if case .none = value { continue }
            if value.isUndefined { continue }
            let name = try PythonText.string(key.value)
            guard
                !name.unicodeScalars.contains(where: {
                    " \t\n\r\u{0B}\u{0C}/>=".unicodeScalars.contains($0)
                })
            else {
                throw TemplateError(
                    .value, "Invalid character in attribute name: \(PythonText.quoted(name))")
            }
            parts.append("\(HTML.escape(name))=\"\(try HTML.escape(value))\"")
        }
        let text = parts.joined(separator: " ")
        let spaced = bound[0]?.isTrue ?? true
        return .string(spaced && !text.isEmpty ? " " + text : text)
    }
}
