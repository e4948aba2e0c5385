import HoneCore

/// Makes the steps of a tokenizer from their descriptions in `tokenizer.json`.
enum PipelineReader {
    /// A pattern: `{"String": …}` or `{"Regex": …}`.
    static func pattern(_ section: JSONSection) throws(TokenizerError) -> Pattern {
        if let text = section.value["String"]?.stringValue { return .literal(Array(text.utf8)) }
        guard let source = section.value["Regex"]?.stringValue else {
            throw section.invalid("", "expected {\"String\": …} or {\"Regex\": …}")
        }
        return .regex(try regex(source, section))
    }

    static func regex(
        _ source: String, _ section: JSONSection
    ) throws(TokenizerError) -> CompiledPattern {
        let translated: String
        do throws(PatternTranslator.Unsupported) {
            translated = try PatternTranslator.translate(source)
        } catch {
            throw section.unsupported("", "\(error.construct) in the pattern \(source)")
        }
        do throws(RegularExpression.CompileError) {
            return try CompiledPattern(translated: translated, source: source)
        } catch {
            throw section.invalid("", "\(error.message) in the pattern \(source)")
        }
    }

    // MARK: Normalizers

    static func normalizers(_ section: JSONSection) throws(TokenizerError) -> [Normalizer] {
        let type = try section.type()
        switch type {
        case "Sequence":
            try section.allowOnly("type", "normalizers")
            var steps: [Normalizer] = []
            for element in try section.elements("normalizers") {
                steps += try normalizers(element)
            }
            return steps
        case "NFC", "NFD", "NFKC", "NFKD":
            try section.allowOnly("type")
            return NormalizationForm(rawValue: type).map { [.unicode($0)] } ?? []
        case "Lowercase":
            try section.allowOnly("type")
            return [.lowercase]
        case "StripAccents":
            try section.allowOnly("type")
            return [.stripAccents]
        case "Prepend":
            try section.allowOnly("type", "prepend")
            return [.prepend(Array(try section.string("prepend").utf8))]
        case "Replace":
            try section.allowOnly("type", "pattern", "content")
            let replacement = Array(try section.string("content").utf8)
            return [.replace(try pattern(try section.required("pattern")), by: replacement)]
        case "Strip":
            try section.allowOnly("type", "strip_left", "strip_right")
            return [
                .strip(
                    left: try section.bool("strip_left"), right: try section.bool("strip_right"))
            ]
        default: throw section.unsupported("", "the normalizer \(type)")
        }
    }

    // MARK: Pre-tokenizers

    /// GPT-2's split pattern, which `ByteLevel` has built in.
    static let byteLevelPattern =
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

    static func preTokenizers(_ section: JSONSection) throws(TokenizerError) -> [PreTokenizer] {
        let type = try section.type()
        switch type {
        case "Sequence":
            try section.allowOnly("type", "pretokenizers")
            var steps: [PreTokenizer] = []
            for element in try section.elements("pretokenizers") {
                steps += try preTokenizers(element)
            }
            return steps
        case "ByteLevel":
            try section.allowOnly("type", "add_prefix_space", "trim_offsets", "use_regex")
            var steps: [PreTokenizer] = []
            if try section.bool("add_prefix_space", default: true) { steps.append(.prefixSpace) }
            if try section.bool("use_regex", default: true) {
                steps.append(try splitting(byteLevelPattern, .isolated, section))
            }
            return steps + [.byteAlphabet]
        case "Split":
            try section.allowOnly("type", "pattern", "behavior", "invert")
            return [
                .split(
                    Splitter(
                        pattern: try pattern(try section.required("pattern")),
                        behavior: try behavior(section),
                        isInverted: try section.bool("invert", default: false)))
            ]
        case "Digits":
            try section.allowOnly("type", "individual_digits")
            let isIndividual = try section.bool("individual_digits")
            return [try splitting(numeric, isIndividual ? .isolated : .contiguous, section)]
        case "Punctuation":
            try section.allowOnly("type", "behavior")
            let behavior = section.member("behavior") == nil ? .isolated : try behavior(section)
            return [try splitting(punctuation, behavior, section)]
        case "Whitespace":
            try section.allowOnly("type")
            return [try splitting(#"\w+|[^\w\s]+"#, .removed, section, isInverted: true)]
        case "WhitespaceSplit":
            try section.allowOnly("type")
            return [try splitting(#"\s"#, .removed, section)]
        case "CharDelimiterSplit":
            try section.allowOnly("type", "delimiter")
            let delimiter = Array(try section.string("delimiter").utf8)
            return [.split(Splitter(pattern: .literal(delimiter), behavior: .removed))]
        case "Metaspace": return [try metaspace(section)]
        default: throw section.unsupported("", "the pre-tokenizer \(type)")
        }
    }

    private static let numeric = #"[\p{N}"# + UnicodeAdditions.numeric + "]"
    private static let punctuation = "[" + UnicodeAdditions.punctuation + "]"

    private static func splitting(
        _ source: String, _ behavior: SplitBehavior, _ section: JSONSection,
        isInverted: Bool = false
    ) throws(TokenizerError) -> PreTokenizer {
        let pattern = Pattern.regex(try regex(source, section))
        return .split(Splitter(pattern: pattern, behavior: behavior, isInverted: isInverted))
    }

    private static func behavior(_ section: JSONSection) throws(TokenizerError) -> SplitBehavior {
        let name = try section.string("behavior")
        guard let behavior = SplitBehavior(rawValue: name) else {
            throw section.unsupported("behavior", "the split behavior \(name)")
        }
        return behavior
    }

    private static func metaspace(_ section: JSONSection) throws(TokenizerError) -> PreTokenizer {
        try section.allowOnly(
            "type", "replacement", "prepend_scheme", "split", "add_prefix_space", "str_rep")
        return .metaspace(
            mark: Array(try section.string("replacement").utf8),
            prepend: try prependScheme(section),
            splits: try section.bool("split", default: true))
    }

    /// Older files have `add_prefix_space` in place of `prepend_scheme`.
    private static func prependScheme(
        _ section: JSONSection
    ) throws(TokenizerError) -> PreTokenizer.PrependScheme {
        let prefixes = try section.bool("add_prefix_space", default: true)
        guard section.member("prepend_scheme") != nil else { return prefixes ? .always : .never }
        let name = try section.string("prepend_scheme")
        guard let scheme = PreTokenizer.PrependScheme(rawValue: name) else {
            throw section.unsupported("prepend_scheme", "the scheme \(name)")
        }
        guard prefixes || scheme == .never else {
            throw section.invalid("add_prefix_space", "contradicts prepend_scheme \(name)")
        }
        return scheme
    }

    // MARK: Decoders

    static func decoders(_ section: JSONSection) throws(TokenizerError) -> [TokenDecoder] {
        let type = try section.type()
        switch type {
        case "Sequence":
            try section.allowOnly("type", "decoders")
            var steps: [TokenDecoder] = []
            for element in try section.elements("decoders") { steps += try decoders(element) }
            return steps
        case "ByteLevel":
            try section.allowOnly("type", "add_prefix_space", "trim_offsets", "use_regex")
            return [.byteLevel]
        case "Metaspace":
            try section.allowOnly(
                "type", "replacement", "prepend_scheme", "split", "add_prefix_space", "str_rep")
            return [
                .metaspace(
                    mark: Array(try section.string("replacement").utf8),
                    dropsFirst: try prependScheme(section) != .never)
            ]
        case "Replace":
            try section.allowOnly("type", "pattern", "content")
            guard case .literal(let text) = try pattern(try section.required("pattern")) else {
                throw section.unsupported("pattern", "a regular expression in a decoder")
            }
            return [.replace(text, by: Array(try section.string("content").utf8))]
        case "ByteFallback":
            try section.allowOnly("type")
            return [.byteFallback]
        case "Fuse":
            try section.allowOnly("type")
            return [.fuse]
        case "Strip":
            try section.allowOnly("type", "content", "start", "stop")
            return [
                .strip(
                    content: Array(try section.string("content").utf8),
                    start: try section.integer("start"), stop: try section.integer("stop"))
            ]
        default: throw section.unsupported("", "the decoder \(type)")
        }
    }

    // MARK: Post-processors

    static func postProcessor(_ section: JSONSection) throws(TokenizerError) -> PostProcessor {
        let type = try section.type()
        switch type {
        case "Sequence":
            try section.allowOnly("type", "processors")
            var result = PostProcessor()
            for element in try section.elements("processors") {
                let outer = try postProcessor(element)
                result.prefix = outer.prefix + result.prefix
                result.suffix += outer.suffix
            }
            return result
        case "ByteLevel":
            // It trims offsets, which nothing here keeps.
            try section.allowOnly("type", "add_prefix_space", "trim_offsets", "use_regex")
            return PostProcessor()
        case "TemplateProcessing":
            try section.allowOnly("type", "single", "pair", "special_tokens")
            return try template(section)
        case "BertProcessing", "RobertaProcessing":
            try section.allowOnly("type", "sep", "cls", "trim_offsets", "add_prefix_space")
            return PostProcessor(
                prefix: [try pairID(section, "cls")], suffix: [try pairID(section, "sep")])
        default: throw section.unsupported("", "the post-processor \(type)")
        }
    }

    private static func template(_ section: JSONSection) throws(TokenizerError) -> PostProcessor {
        var before: [Int32] = []
        var after: [Int32]?
        for element in try section.elements("single") {
            if let sequence = element.member("Sequence") {
                guard after == nil, try sequence.string("id") == "A" else {
                    throw element.unsupported("", "a template with another sequence than one $A")
                }
                after = []
                continue
            }
            let name = try element.required("SpecialToken").string("id")
            let token = try section.required("special_tokens").required(name)
            for id in try token.elements("ids") {
                guard let number = id.value.intValue, (0..<Vocabulary.idLimit).contains(number)
                else { throw id.invalid("", "expected a token id, found \(id.value.text())") }
                if after == nil {
                    before.append(Int32(number))
                } else {
                    after?.append(Int32(number))
                }
            }
        }
        guard let after else { throw section.invalid("single", "the template has no $A") }
        return PostProcessor(prefix: before, suffix: after)
    }

    private static func pairID(
        _ section: JSONSection, _ name: String
    ) throws(TokenizerError) -> Int32 {
        guard let pair = section.value[name]?.arrayValue, pair.count == 2,
            let id = pair[1].intValue, (0..<Vocabulary.idLimit).contains(id)
        else { throw section.invalid(name, "expected [token, id]") }
        return Int32(id)
    }
}
