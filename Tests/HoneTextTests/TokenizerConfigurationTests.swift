import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

@testable import HoneText

/// Expected ids are those of `AutoTokenizer` in transformers 5.23 on the same folders.
@Suite struct TokenizerConfigurationTests {
    private func tokenizer(_ family: String, _ changes: JSONObject) throws -> Tokenizer {
        let folder = try ScratchFolder.ofTheProcess()
        let source = Fixtures.url("tokenizers/\(family)")
        try FileManager.default.copyItem(
            at: source.appending(path: "tokenizer.json"),
            to: folder.appending(path: "tokenizer.json"))
        var values = try #require(
            JSONValue(
                parsing: [UInt8](
                    Data(contentsOf: source.appending(path: "tokenizer_config.json")))
            ).objectValue)
        for (key, value) in changes { values[key] = value }
        try Data(JSONValue.object(values).text().utf8).write(
            to: folder.appending(path: "tokenizer_config.json"))
        return try Tokenizer(folder: folder)
    }

    @Test func addsRolesThatTheVocabularyLacks() throws {
        let tokenizer = try tokenizer("phi4", ["eos_token": "<NEW>"])
        #expect(tokenizer.eosID == 904)
        #expect(
            try tokenizer.encode("<|endoftext|> q  <NEW> x", addSpecialTokens: true)
                == [900, 80, 259, 904, 220, 87])
    }

    @Test(
        arguments: [
            ["additional_special_tokens": ["<think>", "<NEW>"]],
            ["extra_special_tokens": ["<NEW>"]],
            ["extra_special_tokens": ["image_token": "<NEW>"]],
        ] as [JSONObject])
    func addsFurtherSpecialTokens(changes: JSONObject) throws {
        let tokenizer = try tokenizer("qwen3", changes)
        #expect(
            try tokenizer.encode("<|endoftext|> q  <NEW> x", addSpecialTokens: true)
                == [900, 220, 80, 259, 907, 220, 87])
    }

    @Test func overridesFlagsOfAddedTokens() throws {
        let think: JSONValue = [
            "content": "<think>", "lstrip": true, "rstrip": false, "normalized": false,
            "single_word": false, "special": true,
        ]
        let tokenizer = try tokenizer("qwen3", ["added_tokens_decoder": ["905": think]])
        #expect(try tokenizer.encode("a <think> b", addSpecialTokens: true) == [64, 905, 343])
        #expect(tokenizer.isSpecial(905))
    }

    @Test func leavesBeginningOfSequenceToThePostProcessor() throws {
        let without = try tokenizer("llama3", ["add_bos_token": false])
        #expect(try without.encode("a b", addSpecialTokens: true) == [903, 64, 343])
        let with = try tokenizer("gpt2", ["add_bos_token": true])
        #expect(try with.encode("a b", addSpecialTokens: true) == [64, 343])
    }

    @Test func refusesToEncodeSpecialTokensAsText() {
        #expect(throws: TokenizerError.self) {
            try tokenizer("qwen2", ["split_special_tokens": true])
        }
    }

    @Test func refusesATokenThatClaimsAnotherPlace() {
        let token: JSONValue = ["content": "<NEW>", "special": true]
        let error = #expect(throws: TokenizerError.self) {
            try tokenizer("qwen3", ["added_tokens_decoder": ["950": token]])
        }
        #expect(error?.description.contains("claims the id 950, but its place is 907") == true)
    }
}
