import Foundation
import HoneCore
import OrderedCollections

/// What `tokenizer_config.json` says about the roles of tokens.
public struct TokenizerConfiguration: Sendable, Hashable {
    /// The token that begins a sequence, as written.
    public var bosToken: String?
    /// The token that ends a sequence.
    public var eosToken: String?
    public var padToken: String?
    public var unkToken: String?
    /// The whole file, for templates that read other members; an empty object where there is none.
    public var values: JSONValue = .object([:])

    public init() {}

    /// Reads the file in `folder`. A folder without one gives a configuration without roles.
    public init(folder: URL) throws(TokenizerError) {
        let url = folder.appending(path: "tokenizer_config.json")
        let path = url.path(percentEncoded: false)
        guard FileManager.default.fileExists(atPath: path) else { return }
        let bytes = try FileContents.read(url)
        do throws(JSONError) {
            values = try JSONValue(parsing: bytes)
        } catch {
            throw .malformed(path: path, error: error)
        }
        guard values.objectValue != nil else {
            throw .invalid(path: path, key: "the document", message: "expected an object")
        }
        bosToken = try Self.token(values, "bos_token", path)
        eosToken = try Self.token(values, "eos_token", path)
        padToken = try Self.token(values, "pad_token", path)
        unkToken = try Self.token(values, "unk_token", path)
    }

    /// A token is written as a string or as an object with `content`.
    private static func token(
        _ values: JSONValue, _ name: String, _ path: String
    ) throws(TokenizerError) -> String? {
        guard let value = values[name], !value.isNull else { return nil }
        if let text = value.stringValue ?? value["content"]?.stringValue { return text }
        throw .invalid(path: path, key: name, message: "expected a token, found \(value.kind)")
    }
}
