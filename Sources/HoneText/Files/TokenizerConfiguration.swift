import Foundation
import HoneCore
import OrderedCollections

/// What `tokenizer_config.json` says about tokens and their roles.
///
/// Beside a `tokenizer.json`, transformers (5.23) lets this file do two things to encoding, and so do
/// we: it adds tokens that `tokenizer.json` lacks (`added_tokens_decoder`, then the roles, then
/// `additional_special_tokens` or `extra_special_tokens`), each at the next free id; and
/// `added_tokens_decoder` overrides the flags of added tokens. `add_bos_token` and `add_eos_token` do
/// nothing there: the post-processor of `tokenizer.json` decides. `add_prefix_space`, `legacy` and
/// `tokenizer_class` would make transformers build another pipeline for some classes; here the one in
/// `tokenizer.json` holds. `split_special_tokens` is refused.
public struct TokenizerConfiguration: Sendable, Hashable {
    /// The token that begins a sequence, as written.
    public var bosToken: String?
    /// The token that ends a sequence.
    public var eosToken: String?
    public var padToken: String?
    public var unkToken: String?
    /// The whole file, for templates that read other members; an empty object where there is none.
    public var values: JSONValue = .object([:])
    /// Of `added_tokens_decoder`, by ascending id.
    var addedTokens: [AddedToken] = []
    /// Tokens that must exist and are special, in the order in which missing ones are added.
    var specialTokens: [String] = []
    var path = ""

    public init() {}

    /// Reads the file in `folder`. A folder without one gives a configuration without roles.
    public init(folder: URL) throws(TokenizerError) {
        let url = folder.appending(path: "tokenizer_config.json")
        path = url.path(percentEncoded: false)
        guard FileManager.default.fileExists(atPath: path) else { return }
        let bytes = try FileContents.read(url)
        do throws(JSONError) {
            values = try JSONValue(parsing: bytes)
        } catch {
            throw .malformed(path: path, error: error)
        }
        let section = JSONSection(path: path, key: "", value: values)
        guard values.objectValue != nil else {
            throw .invalid(path: path, key: "the document", message: "expected an object")
        }
        if try section.bool("split_special_tokens", default: false) {
            throw section.unsupported("split_special_tokens", "encoding special tokens as text")
        }
        addedTokens = try Self.addedTokens(section)
        for name in Self.roles {
            guard let token = try Self.token(section, name) else { continue }
            specialTokens.append(token)
            switch name {
            case "bos_token": bosToken = token
            case "eos_token": eosToken = token
            case "pad_token": padToken = token
            case "unk_token": unkToken = token
            default: break
            }
        }
        specialTokens += try Self.extraTokens(section)
    }

    /// In the order of transformers.
    private static let roles = [
        "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
    ]

    /// A token is written as a string or as an object with `content`.
    private static func token(
        _ section: JSONSection, _ name: String
    ) throws(TokenizerError) -> String? {
        guard let member = section.member(name) else { return nil }
        guard let text = text(member.value) else {
            throw section.invalid(name, "expected a token, found \(member.value.kind)")
        }
        return text
    }

    private static func text(_ value: JSONValue) -> String? {
        value.stringValue ?? value["content"]?.stringValue
    }

    /// A list of tokens, or an object of tokens by name.
    private static func extraTokens(_ section: JSONSection) throws(TokenizerError) -> [String] {
        var result: [String] = []
        for name in ["additional_special_tokens", "extra_special_tokens"] {
            guard let member = section.member(name) else { continue }
            let values =
                member.value.arrayValue ?? member.value.objectValue.map { Array($0.values) }
            guard let values else {
                throw section.invalid(name, "expected tokens, found \(member.value.kind)")
            }
            for value in values {
                guard let text = text(value) else {
                    throw section.invalid(name, "expected a token, found \(value.kind)")
                }
                result.append(text)
            }
        }
        return result
    }

    private static func addedTokens(
        _ section: JSONSection
    ) throws(TokenizerError) -> [AddedToken] {
        guard let member = section.member("added_tokens_decoder") else { return [] }
        guard let entries = member.value.objectValue else {
            throw section.invalid(member.key, "expected an object, found \(member.value.kind)")
        }
        var tokens: [AddedToken] = []
        for (name, value) in entries {
            guard let id = Int(name), (0..<Vocabulary.idLimit).contains(id) else {
                throw section.invalid(member.key, "\"\(name)\" is no token id")
            }
            let key = "\(member.key).\(name)"
            let entry = JSONSection(path: section.path, key: key, value: value)
            let isSpecial = try entry.bool("special", default: false)
            tokens.append(
                AddedToken(
                    id: id, content: try entry.string("content"), isSpecial: isSpecial,
                    isNormalized: try entry.bool("normalized", default: !isSpecial),
                    isSingleWord: try entry.bool("single_word", default: false),
                    stripsLeft: try entry.bool("lstrip", default: false),
                    stripsRight: try entry.bool("rstrip", default: false)))
        }
        return tokens.sorted { $0.id < $1.id }
    }
}
