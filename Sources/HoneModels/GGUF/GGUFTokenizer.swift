import Foundation
import HoneCore
import OrderedCollections

/// The tokenizer of a folder as GGUF's metadata says it.
///
/// Only byte-level BPE whose pre-tokenizer llama.cpp knows by name; everything else is refused, because
/// other texts would become other tokens without a word.
struct GGUFTokenizer {
    let metadata: [(key: String, value: GGUFValue)]

    /// Pre-tokenizers by the pattern they split with: what `convert_hf_to_gguf.py` finds by a hash.
    private static let splits: [(pattern: String, name: String)] = [
        (
            #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#,
            "qwen2"
        ),
        (
            #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#,
            "llama-bpe"
        ),
    ]

    private enum Kind {
        static let normal: Int32 = 1
        static let control: Int32 = 3
        static let userDefined: Int32 = 4
        static let unused: Int32 = 5
    }

    /// - Parameters:
    ///   - folder: holds `tokenizer.json` and what belongs to it.
    ///   - vocabularySize: V of the model; ids that the tokenizer does not use are marked so.
    init(folder: URL, vocabularySize: Int) throws {
        let file = folder.appending(path: "tokenizer.json")
        let root = try JSONValue(parsing: [UInt8](PlainFile.contents(of: file)))
        let settings = try Self.object(folder.appending(path: "tokenizer_config.json"))
        guard root["model"]?["type"]?.stringValue == "BPE",
            root["model"]?["byte_fallback"]?.boolValue != true,
            let vocabulary = root["model"]?["vocab"]?.objectValue,
            let merges = root["model"]?["merges"]?.arrayValue
        else { throw GGUFError.notExact(what: "a tokenizer other than byte-level BPE") }
        let split = try Self.split(root)

        var tokens = (0..<vocabularySize).map { "[PAD\($0)]" }
        var kinds = [Int32](repeating: Kind.unused, count: vocabularySize)
        for (token, id) in vocabulary {
            guard let id = id.intValue, id < vocabularySize else { continue }
            tokens[id] = token
            kinds[id] = Kind.normal
        }
        for added in root["added_tokens"]?.arrayValue ?? [] {
            guard let id = added["id"]?.intValue, let text = added["content"]?.stringValue,
                id < vocabularySize
            else { continue }
            tokens[id] = text
            kinds[id] =
                added["special"]?.boolValue == true ? Kind.control : Kind.userDefined
        }
        var list: [(String, GGUFValue)] = [
            ("model", .string("gpt2")), ("pre", .string(split)), ("tokens", .strings(tokens)),
            ("token_type", .int32s(kinds)), ("merges", .strings(try merges.map(Self.merge))),
        ]
        for (key, name) in [
            ("bos_token", "bos_token_id"), ("eos_token", "eos_token_id"),
            ("pad_token", "padding_token_id"), ("unk_token", "unknown_token_id"),
        ] {
            let entry = settings[key]
            guard let text = entry?.stringValue ?? entry?["content"]?.stringValue,
                let id = tokens.firstIndex(of: text)
            else { continue }
            list.append((name, .uint32(UInt32(id))))
        }
        list.append(("add_bos_token", .bool(Self.addsBeginning(root, settings))))
        let named = list.map { (key: "tokenizer.ggml.\($0.0)", value: $0.1) }
        let template = try Self.template(folder, settings)
        metadata =
            named + (template.map { [(key: "tokenizer.chat_template", value: .string($0))] } ?? [])
    }

    /// The pre-tokenizer's name in llama.cpp.
    private static func split(_ root: JSONValue) throws(GGUFError) -> String {
        func unknown() -> GGUFError {
            .notExact(what: "the tokenizer's way of splitting text (\"pre_tokenizer\")")
        }
        guard let first = root["pre_tokenizer"] else { throw unknown() }
        let normalizer = root["normalizer"]?["type"]?.stringValue
        let steps =
            first["type"]?.stringValue == "Sequence"
            ? first["pretokenizers"]?.arrayValue ?? [] : [first]
        let types = steps.compactMap { $0["type"]?.stringValue }
        let ownPattern = steps.last?["use_regex"]?.boolValue ?? true
        let addsSpace = steps.last?["add_prefix_space"]?.boolValue ?? false
        guard types.last == "ByteLevel", !addsSpace else { throw unknown() }
        if types == ["ByteLevel"], ownPattern, normalizer == nil { return "gpt-2" }
        if types == ["Digits", "ByteLevel"], ownPattern, normalizer == nil,
            steps[0]["individual_digits"]?.boolValue == true
        {
            return "smollm"
        }
        guard types == ["Split", "ByteLevel"], !ownPattern,
            let pattern = steps[0]["pattern"]?["Regex"]?.stringValue,
            let known = splits.first(where: { $0.pattern == pattern }),
            // Qwen's texts are normalised first (NFC), which llama.cpp leaves to the caller.
            normalizer == nil || (known.name == "qwen2" && normalizer == "NFC")
        else { throw unknown() }
        return known.name
    }

    /// "left right", whether the file has it as one text or as a pair.
    private static func merge(_ entry: JSONValue) throws(GGUFError) -> String {
        if let text = entry.stringValue { return text }
        let pair = (entry.arrayValue ?? []).compactMap(\.stringValue)
        guard pair.count == 2 else { throw .notExact(what: "a tokenizer merge of \(entry.text())") }
        return pair.joined(separator: " ")
    }

    /// Whether a text begins with the beginning-of-text token: by the setting, or by the template of
    /// the post-processor.
    private static func addsBeginning(_ root: JSONValue, _ settings: JSONObject) -> Bool {
        guard let processor = root["post_processor"], !processor.isNull else { return false }
        let steps = processor["processors"]?.arrayValue ?? [processor]
        let template = steps.first { $0["type"]?.stringValue == "TemplateProcessing" }
        let first = template?["single"]?.arrayValue?.first
        return first?["SpecialToken"] != nil
    }

    private static func template(_ folder: URL, _ settings: JSONObject) throws -> String? {
        let file = folder.appending(path: "chat_template.jinja")
        if FileManager.default.fileExists(atPath: file.path) {
            return String(decoding: try PlainFile.contents(of: file), as: UTF8.self)
        }
        return settings["chat_template"]?.stringValue
    }

    private static func object(_ file: URL) throws -> JSONObject {
        guard FileManager.default.fileExists(atPath: file.path) else { return [:] }
        return try JSONValue(parsing: [UInt8](PlainFile.contents(of: file))).objectValue ?? [:]
    }
}
