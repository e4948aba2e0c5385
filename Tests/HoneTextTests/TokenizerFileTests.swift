import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

@testable import HoneText

@Suite struct TokenizerFileTests {
    private static let byteLevel: JSONValue = [
        "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true,
    ]

    /// A tokenizer of a, b and ab, with `changes` to its top level and to its model.
    private static func document(
        _ changes: JSONObject = [:], model: JSONObject = [:]
    ) -> [UInt8] {
        var parts: JSONObject = [
            "type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": nil,
            "end_of_word_suffix": nil, "fuse_unk": false, "byte_fallback": false,
            "ignore_merges": false, "vocab": ["a": 0, "b": 1, "ab": 2], "merges": ["a b"],
        ]
        for (key, value) in model { parts[key] = value }
        var document: JSONObject = [
            "version": "1.0", "truncation": nil, "padding": nil, "added_tokens": [],
            "normalizer": nil, "pre_tokenizer": nil, "post_processor": nil, "decoder": nil,
            "model": .object(parts),
        ]
        for (key, value) in changes { document[key] = value }
        return Array(JSONValue.object(document).text(.indented).utf8)
    }

    private static func tokenizer(
        _ changes: JSONObject = [:], model: JSONObject = [:]
    ) throws -> Tokenizer {
        let file = try TokenizerFile(bytes: document(changes, model: model), path: "t.json")
        return try Tokenizer(file, TokenizerConfiguration())
    }

    @Test func encodesWithMergesAsTextsAndAsPairs() throws {
        #expect(try Self.tokenizer().encode("abba", addSpecialTokens: true) == [2, 1, 0])
        let paired = try Self.tokenizer(model: ["merges": [["a", "b"]]])
        #expect(try paired.encode("abba", addSpecialTokens: true) == [2, 1, 0])
    }

    @Test func dropsUnknownCharactersWithoutAnUnknownToken() throws {
        #expect(try Self.tokenizer().encode("axb", addSpecialTokens: true) == [2])
    }

    /// Each is refused with the place in the file and the name of what is not understood.
    @Test(
        arguments: [
            (["normalizer": ["type": "Precompiled"]], "normalizer", "Precompiled"),
            (["pre_tokenizer": ["type": "UnicodeScripts"]], "pre_tokenizer", "UnicodeScripts"),
            (
                ["pre_tokenizer": ["type": "Sequence", "pretokenizers": [["type": "Nope"]]]],
                "pre_tokenizer.pretokenizers[0]", "Nope"
            ),
            (["decoder": ["type": "CTC"]], "decoder", "CTC"),
            (["post_processor": ["type": "Odd"]], "post_processor", "Odd"),
            (["extra": 1], "extra", "member"),
            (["normalizer": ["type": "NFC", "level": 2]], "normalizer.level", "member"),
            (
                [
                    "pre_tokenizer": [
                        "type": "Split", "pattern": ["Regex": "a(?<=b)^"], "behavior": "Isolated",
                    ]
                ], "pre_tokenizer.pattern", "anchor ^"
            ),
        ] as [(JSONObject, String, String)])
    func refusesWhatItDoesNotUnderstand(
        changes: JSONObject, place: String, name: String
    ) throws {
        let error = #expect(throws: TokenizerError.self) { try Self.tokenizer(changes) }
        guard case .unsupported(let path, let key, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(path == "t.json" && key == place)
        #expect(error?.description.contains(name) == true)
    }

    @Test(
        arguments: [
            (["type": "Unigram"], "model.type"), (["dropout": 0.1], "model.dropout"),
            (["continuing_subword_prefix": "##"], "model.continuing_subword_prefix"),
            (["vocabulary": 1], "model.vocabulary"),
        ] as [(JSONObject, String)])
    func refusesModelsItDoesNotUnderstand(model: JSONObject, place: String) throws {
        let error = #expect(throws: TokenizerError.self) { try Self.tokenizer(model: model) }
        guard case .unsupported(_, let key, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(key == place)
    }

    @Test(
        arguments: [
            (["merges": ["a c"]], "\"c\" is not in the vocabulary"),
            (["merges": ["b a"]], "\"ba\" is not in the vocabulary"),
            (["merges": ["ab"]], "two tokens"), (["merges": [["a"]]], "two tokens"),
            (["vocab": ["a": 0, "b": 0]], "occurs twice"), (["vocab": [:], "merges": []], "empty"),
            (["vocab": ["a": -1]], "token id"), (["vocab": ["a": 99_999_999]], "token id"),
            (["unk_token": "?"], "not in the vocabulary"),
        ] as [(JSONObject, String)])
    func refusesBrokenModels(model: JSONObject, message: String) throws {
        let error = #expect(throws: TokenizerError.self) { try Self.tokenizer(model: model) }
        #expect(error?.description.contains(message) == true, "\(String(describing: error))")
    }

    @Test func refusesAnAddedTokenThatIsNotAtItsPlace() throws {
        let token: JSONValue = [
            "id": 7, "content": "<x>", "special": true, "normalized": false, "single_word": false,
            "lstrip": false, "rstrip": false,
        ]
        let error = #expect(throws: TokenizerError.self) {
            try Self.tokenizer(["added_tokens": [token]])
        }
        #expect(error?.description.contains("claims the id 7, but its place is 3") == true)
    }

    @Test func namesLineAndColumnOfATruncatedFile() throws {
        let whole = Self.document()
        let text = String(decoding: whole, as: UTF8.self)
        // Cut in the middle of the vocabulary, which the document lays out one token a line.
        let cut = try #require(text.range(of: "\"b\": 1")).upperBound
        let start = text[..<cut]
        let error = #expect(throws: TokenizerError.self) {
            try TokenizerFile(bytes: Array(start.utf8), path: "t.json")
        }
        let line = start.split(separator: "\n", omittingEmptySubsequences: false).count
        #expect(error?.description.hasPrefix("t.json:\(line):") == true)
        #expect(error?.description.contains("not closed") == true)
    }

    @Test func refusesEveryTruncationWithoutCrashing() throws {
        let whole = Self.document(["pre_tokenizer": Self.byteLevel])
        for count in 0..<whole.count - 1 {
            #expect(throws: TokenizerError.self) {
                try TokenizerFile(bytes: Array(whole.prefix(count)), path: "t.json")
            }
        }
    }

    @Test func namesTheMissingFile() throws {
        let folder = Fixtures.url("tokenizers/none")
        let error = #expect(throws: TokenizerError.self) { try Tokenizer(folder: folder) }
        #expect(error?.description.contains("tokenizers/none/tokenizer.json: no such file") == true)
    }

    @Test func keepsTokensApartThatAreCanonicallyEquivalent() throws {
        // é composed and decomposed: equal as Swift strings, two tokens of the vocabulary.
        let tokenizer = try Self.tokenizer(
            model: ["vocab": ["e": 0, "\u{301}": 1, "\u{E9}": 2], "merges": []])
        #expect(try tokenizer.encode("\u{E9}", addSpecialTokens: true) == [2])
        #expect(try tokenizer.encode("e\u{301}", addSpecialTokens: true) == [0, 1])
    }

    @Test func reportsTheLargestID() throws {
        let tokenizer = try TokenizerFixture("qwen2").tokenizer
        #expect(tokenizer.maximumID == 902 && tokenizer.idCount == 903)
        #expect(tokenizer.eosID == 902 && tokenizer.padID == 900 && tokenizer.bosID == nil)
    }
}
