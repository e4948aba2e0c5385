import HoneCore
import Testing

@testable import HoneText

@Suite struct StopStringsTests {
    /// How many ids of `text` it takes until one of `strings` is found; nil if none is.
    private func position(
        of strings: [String], in text: String, family: String = "gpt2"
    ) throws -> Int? {
        let tokenizer = try TokenizerFixture(family).tokenizer
        let ids = try tokenizer.encode(text, addSpecialTokens: false)
        var matcher = StopStrings(strings, tokenizer: tokenizer).makeMatcher()
        for (index, id) in ids.enumerated() where matcher.consume(id) { return index + 1 }
        return nil
    }

    /// How many ids it takes until their text holds `string`, found by decoding all prefixes.
    private func expected(_ string: String, in text: String, family: String) throws -> Int? {
        let tokenizer = try TokenizerFixture(family).tokenizer
        let ids = try tokenizer.encode(text, addSpecialTokens: false)
        return (1...ids.count).first { count in
            tokenizer.decode(Array(ids.prefix(count)), skipSpecialTokens: false).contains(string)
        }
    }

    @Test(arguments: ["gpt2", "llama2", "gemma", "mistral"])
    func findsAStringAtTheTokenThatCompletesIt(family: String) throws {
        let text = "The answer is </answer>\nand\n\nsome 😀 more"
        for string in ["</answer>", "\n", "\n\n", "😀", "is </", "more"] {
            let count = try position(of: [string], in: text, family: family)
            #expect(count != nil)
            #expect(try count == expected(string, in: text, family: family), "\(string)")
        }
    }

    @Test func findsSpecialTokens() throws {
        #expect(try position(of: ["<|endoftext|>"], in: "a<|endoftext|>b") == 2)
    }

    @Test func findsTheFirstOfSeveral() throws {
        #expect(
            try position(of: ["zzz", "nine", "two"], in: "one two nine")
                == position(of: ["two"], in: "one two nine"))
    }

    @Test func findsNothingWhereNothingIs() throws {
        #expect(try position(of: ["stop"], in: "The quick brown fox") == nil)
        #expect(try position(of: [], in: "The quick brown fox") == nil)
        #expect(try position(of: [""], in: "The quick brown fox") == nil)
    }
}
