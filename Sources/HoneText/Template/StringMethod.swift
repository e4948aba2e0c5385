import OrderedCollections

/// The methods of Python's `str`.
enum StringMethod: String {
    case capitalize, casefold, center, count, endswith, expandtabs, find, format, index, isalnum
    case isalpha, isascii, isdecimal, isdigit, islower, isnumeric, isprintable, isspace, istitle
    case isupper, join, ljust, lower, lstrip, partition, removeprefix, removesuffix, replace, rfind
    case rindex, rjust, rpartition, rsplit, rstrip, split, splitlines, startswith, strip, swapcase
    case title, upper, zfill
    case formatMap = "format_map"

    func call(
        _ text: String, _ arguments: CallArguments, _ interpreter: TemplateInterpreter
    ) throws(TemplateError) -> TemplateValue {
        switch self {
        case .format: return .string(try BraceFormat.apply(text, arguments, interpreter))
        case .formatMap:
            let values = try bind(arguments, ["mapping"], required: 1).value(0)
            guard case .dict(let dict) = values else {
                throw TemplateError(.type, "'\(values.typeName)' object is not a mapping")
            }
            var named = CallArguments()
            for (key, value) in dict.entries {
                if let name = key.value.text { named.keyword.append((name, value)) }
            }
            return .string(try BraceFormat.apply(text, named, interpreter))
        case .split, .rsplit: return try split(text, arguments)
        case .strip, .lstrip, .rstrip: return try strip(text, arguments)
        case .startswith, .endswith: return try hasAffix(text, arguments)
        case .find, .rfind, .index, .rindex, .count: return try search(text, arguments)
        case .replace: return try replace(text, arguments)
        case .join:
            let bound = try bind(arguments, ["iterable"], required: 1)
            var parts: [String] = []
            var bytes = 0
            for (index, part) in try bound.value(0).collect(interpreter.limits).enumerated() {
                guard let part = part.text else {
                    throw TemplateError(
                        .type,
                        "sequence item \(index): expected str instance, \(part.typeName) found")
                }
                parts.append(part)
                bytes += part.utf8.count + text.utf8.count
                guard bytes <= interpreter.limits.size else {
                    throw TemplateError(
                        .limit, "joining to more than \(interpreter.limits.size) bytes")
                }
            }
            return .string(parts.joined(separator: text))
        case .partition, .rpartition: return try partition(text, arguments)
        case .splitlines:
            let keepsEnds = try arguments.bind("splitlines", ["keepends"]).bool(0)
            return .list(text.pythonLines(keepingEnds: keepsEnds).map(TemplateValue.string))
        case .removeprefix, .removesuffix:
            let affix = try bind(arguments, ["affix"], required: 1).text(0, default: "")
            return .string(
                self == .removeprefix ? text.removing(prefix: affix) : text.removing(suffix: affix))
        case .center, .ljust, .rjust, .zfill, .expandtabs:
            return try pad(text, arguments, interpreter.limits)
        default:
            _ = try bind(arguments, [])
            if let changed = TextCase.apply(self, text) { return .string(changed) }
            return .bool(TextCase.holds(self, text))
        }
    }

    /// Arguments of a method that takes no keywords.
    private func bind(
        _ arguments: CallArguments, _ names: [String], required: Int = 0
    ) throws(TemplateError) -> BoundArguments {
        guard arguments.keyword.isEmpty else {
            throw TemplateError(.type, "str.\(rawValue)() takes no keyword arguments")
        }
        return try arguments.bind(rawValue, names, required: required)
    }

    // MARK: Splitting

    private func split(
        _ text: String, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateValue {
        let bound = try arguments.bind(rawValue, ["sep", "maxsplit"])
        let limit = try bound.int(1, default: -1)
        let most = limit < 0 ? Int.max : limit
        guard let separator = bound.present(0) else {
            return .list(
                text.pythonWords(most: most, fromEnd: self == .rsplit).map(TemplateValue.string))
        }
        let mark = try separator.requireText()
        guard !mark.isEmpty else { throw TemplateError(.value, "empty separator") }
        let parts = text.pythonParts(separatedBy: mark, most: most, fromEnd: self == .rsplit)
        return .list(parts.map(TemplateValue.string))
    }

    private func partition(
        _ text: String, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateValue {
        let mark = try bind(arguments, ["sep"], required: 1).value(0).requireText()
        guard !mark.isEmpty else { throw TemplateError(.value, "empty separator") }
        let parts = text.pythonParts(separatedBy: mark, most: 1, fromEnd: self == .rpartition)
        let result =
            parts.count == 2
            ? [parts[0], mark, parts[1]] : self == .partition ? [text, "", ""] : ["", "", text]
        return .tuple(result.map(TemplateValue.string))
    }

    private func strip(
        _ text: String, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateValue {
        let bound = try bind(arguments, ["chars"])
        let characters = try bound.present(0).map { (value) throws(TemplateError) in
            try value.requireText()
        }
        switch self {
        case .lstrip: return .string(text.pythonStripped(characters, end: false))
        case .rstrip: return .string(text.pythonStripped(characters, start: false))
        default: return .string(text.pythonStripped(characters))
        }
    }

    // MARK: Searching

    /// The part of the text between scalar positions `start` and `end`, as bytes, and the bytes
    /// before it; `nil` where `start` lies beyond the end.
    private func window(
        _ text: String, _ bound: BoundArguments
    ) throws(TemplateError) -> (bytes: [UInt8], offset: Int, scalarOffset: Int)? {
        guard bound.present(1) != nil || bound.present(2) != nil else {
            return (Array(text.utf8), 0, 0)
        }
        let scalars = Array(text.unicodeScalars)
        let (start, stop, _) = try Members.bounds(
            bound.value(1), bound.value(2), .none, count: scalars.count)
        if let first = bound.present(1), try first.requireInt() > scalars.count { return nil }
        guard start <= stop else { return nil }
        return (
            Array(String(scalars[start..<stop]).utf8), String(scalars[..<start]).utf8.count, start
        )
    }

    private func hasAffix(
        _ text: String, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateValue {
        let bound = try bind(arguments, ["affix", "start", "end"], required: 1)
        let affixes: [TemplateValue]
        if case .tuple(let tuple) = bound.value(0) {
            affixes = tuple.items
        } else {
            affixes = [bound.value(0)]
        }
        let window = try window(text, bound)
        for affix in affixes {
            guard let affix = affix.text else {
                throw TemplateError(
                    .type,
                    "\(rawValue) first arg must be str or a tuple of str, not \(affix.typeName)")
            }
            guard let bytes = window?.bytes else { continue }
            let part = Array(affix.utf8)
            if self == .startswith
                ? bytes.starts(with: part) : bytes.suffix(part.count) == part[...]
            {
                return .bool(true)
            }
        }
        return .bool(false)
    }

    private func search(
        _ text: String, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateValue {
        let bound = try bind(arguments, ["sub", "start", "end"], required: 1)
        guard let part = bound.value(0).text else {
            throw TemplateError(.type, "must be str, not \(bound.value(0).typeName)")
        }
        let window = try window(text, bound)
        let needle = Array(part.utf8)
        if self == .count {
            guard let window else { return .int(0) }
            return .int(Self.count(needle, in: window.bytes))
        }
        let found = window.flatMap { window in
            (self == .find || self == .index
                ? TextSearch.first(needle, in: window.bytes)
                : TextSearch.last(needle, in: window.bytes))
                .map {
                    String(decoding: window.bytes[..<$0], as: UTF8.self).scalarCount
                        + window.scalarOffset
                }
        }
        if let found { return .int(found) }
        guard self == .find || self == .rfind else {
            throw TemplateError(.value, "substring not found")
        }
        return .int(-1)
    }

    /// - Throws: where the text could grow beyond what one text may have.
    static func requireRoom(
        replacing old: String, by new: String, in text: String
    ) throws(TemplateError) {
        let growth = new.utf8.count - old.utf8.count
        let most = TemplateLimits.standard.size
        guard growth > 0,
            (text.utf8.count + 1).multipliedReportingOverflow(by: growth).partialValue
                > most - text.utf8.count
        else { return }
        let places = count(Array(old.utf8), in: Array(text.utf8))
        guard places * growth <= most - text.utf8.count else {
            throw TemplateError(.limit, "replacing to more than \(most) bytes")
        }
    }

    private static func count(_ part: [UInt8], in text: [UInt8]) -> Int {
        guard !part.isEmpty else { return String(decoding: text, as: UTF8.self).scalarCount + 1 }
        var (count, position) = (0, 0)
        while let found = TextSearch.first(part, in: text, from: position) {
            count += 1
            position = found + part.count
        }
        return count
    }

    private func replace(
        _ text: String, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateValue {
        let bound = try bind(arguments, ["old", "new", "count"], required: 2)
        guard let old = bound.value(0).text, let new = bound.value(1).text else {
            let wrong = bound.value(0).text == nil ? 0 : 1
            throw TemplateError(
                .type,
                "replace() argument \(wrong + 1) must be str, not \(bound.value(wrong).typeName)")
        }
        try Self.requireRoom(replacing: old, by: new, in: text)
        return .string(text.pythonReplacing(old, new, count: try bound.int(2, default: -1)))
    }

    // MARK: Padding

    private func pad(
        _ text: String, _ arguments: CallArguments, _ limits: TemplateLimits
    ) throws(TemplateError) -> TemplateValue {
        if self == .expandtabs {
            let size = try arguments.bind(rawValue, ["tabsize"]).int(0, default: 8)
            let tabs = text.utf8.count { $0 == 0x09 }
            guard tabs == 0 || size <= limits.size / tabs else {
                throw TemplateError(.limit, "tabs of more than \(limits.size) characters together")
            }
            return .string(text.expandingTabs(size))
        }
        let bound = try bind(
            arguments, self == .zfill ? ["width"] : ["width", "fillchar"], required: 1)
        let width = try bound.value(0).requireInt()
        guard width <= limits.size else {
            throw TemplateError(.limit, "padding to more than \(limits.size) characters")
        }
        if self == .zfill { return .string(text.zeroFilled(width)) }
        let fill = try bound.text(1, default: " ")
        guard fill.scalarCount == 1 else {
            throw TemplateError(.type, "The fill character must be exactly one character long")
        }
        let missing = max(0, width - text.scalarCount)
        let left: Int =
            switch self {
            case .ljust: 0
            case .rjust: missing
            // Python puts the odd one on the left if the width is odd.
            default: missing / 2 + (missing & width & 1)
            }
        return .string(
            String(repeating: fill, count: left) + text
                + String(repeating: fill, count: missing - left))
    }
}
