import Foundation
import HoneCore
import OrderedCollections

/// What `tokenizer.json` says, read and checked.
///
/// `truncation` and `padding` are not applied: transformers turns both off unless a call asks for
/// them, and a text that is cut without a word would spoil training. All else that is not
/// understood is refused.
struct TokenizerFile {
    var path: String
    var addedTokens: [AddedToken] = []
    var normalizers: [Normalizer] = []
    var preTokenizers: [PreTokenizer] = []
    /// Nil where the file has no decoder: tokens are joined by spaces then.
    var decoders: [TokenDecoder]?
    var postProcessor = PostProcessor()
    var model: BytePairModel

    init(url: URL) throws(TokenizerError) {
        let path = url.path(percentEncoded: false)
        try self.init(bytes: FileContents.read(url), path: path)
    }

    /// Reads the document in `bytes`; errors name `path`.
    init(bytes: [UInt8], path: String) throws(TokenizerError) {
        var reader = JSONReader(bytes)
        var description: ModelDescription?
        var members = JSONObject()
        do throws(JSONError) {
            var scope = try reader.openObject()
            var key: [UInt8] = []
            while try reader.nextKey(&scope, into: &key) {
                let name = String(decoding: key, as: UTF8.self)
                if name == "model", reader.nextKind() == "an object" {
                    description = try ModelReader.read(&reader)
                } else {
                    members[name] = try reader.value()
                }
            }
            try reader.finish()
        } catch {
            throw .malformed(path: path, error: error)
        }
        let root = JSONSection(path: path, key: "", value: .object(members))
        guard let description else { throw .invalid(path: path, key: "model", message: "missing") }
        for (name, value) in members where !Self.known.contains(name) && !value.isNull {
            throw .unsupported(path: path, key: name, feature: "a member of this name")
        }
        if let version = root.value["version"], version != "1.0" {
            throw .unsupported(path: path, key: "version", feature: version.text())
        }
        self.path = path
        addedTokens = try Self.addedTokens(root)
        func section(_ name: String) -> JSONSection? {
            guard let value = members[name], !value.isNull else { return nil }
            return JSONSection(path: path, key: name, value: value)
        }
        if let part = section("normalizer") { normalizers = try PipelineReader.normalizers(part) }
        if let part = section("pre_tokenizer") {
            preTokenizers = try PipelineReader.preTokenizers(part)
        }
        if let part = section("decoder") { decoders = try PipelineReader.decoders(part) }
        if let part = section("post_processor") {
            postProcessor = try PipelineReader.postProcessor(part)
        }
        // Where bytes become characters last, the model may as well work on the bytes.
        var unit = BytePairModel.SymbolUnit.characters
        if case .byteAlphabet = preTokenizers.last,
            description.settings["byte_fallback"] != true
        {
            preTokenizers.removeLast()
            unit = .bytes
        }
        model = try ModelReader.model(description, unit: unit, path: path)
    }

    private static let known: Set<String> = [
        "version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
        "post_processor", "decoder", "model",
    ]

    private static func addedTokens(_ root: JSONSection) throws(TokenizerError) -> [AddedToken] {
        guard let list = root.value["added_tokens"], !list.isNull else { return [] }
        guard let values = list.arrayValue else {
            throw .invalid(
                path: root.path, key: "added_tokens",
                message: "expected an array, found \(list.kind)")
        }
        var tokens: [AddedToken] = []
        for (index, value) in values.enumerated() {
            let section = JSONSection(
                path: root.path, key: "added_tokens[\(index)]", value: value)
            try section.allowOnly(
                "id", "content", "special", "normalized", "single_word", "lstrip", "rstrip")
            let isSpecial = try section.bool("special")
            tokens.append(
                AddedToken(
                    id: try section.integer("id"), content: try section.string("content"),
                    isSpecial: isSpecial, isNormalized: try section.bool("normalized"),
                    isSingleWord: try section.bool("single_word"),
                    stripsLeft: try section.bool("lstrip"),
                    stripsRight: try section.bool("rstrip")))
        }
        return tokens
    }
}
