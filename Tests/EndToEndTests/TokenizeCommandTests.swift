import Foundation
import TestSupport
import Testing

/// `hone tokenize` as a script runs it. Ids as in the fixtures of `HoneTextTests`: with `qwen2`,
/// "a b" is 64, 343 and <|im_end|> is 902.
@Suite struct TokenizeCommandTests {
    private func tokenize(
        _ arguments: [String], family: String = "qwen2", input: String = ""
    ) async throws -> HoneProgram.Outcome {
        let folder = Fixtures.url("tokenizers/\(family)").path(percentEncoded: false)
        return try await HoneProgram.run(["tokenize", "--model", folder] + arguments, input: input)
    }

    @Test func encodesArguments() async throws {
        let outcome = try await tokenize(["a b", "<|im_end|>"])
        #expect(outcome.exitCode == 0)
        #expect(
            outcome.output == """
                {"index":0,"ids":[64,343]}
                {"index":1,"ids":[902]}

                """)
    }

    @Test func addsAndOmitsTheBeginningOfSequence() async throws {
        let with = try await tokenize(["a b"], family: "llama3")
        #expect(with.output == "{\"index\":0,\"ids\":[903,64,343]}\n")
        let without = try await tokenize(["--no-special", "a b"], family: "llama3")
        #expect(without.output == "{\"index\":0,\"ids\":[64,343]}\n")
    }

    @Test func answersEachRowAndEndsWith65WhereOneIsBad() async throws {
        let input = """
            {"text": "a b"}

            {"ids": [64, 343, 902]}
            {"ids": [64, 343, 902, 100000], "skip_special": true}
            {"texts": "a"}
            {"ids": ["x"]}
            not json
            {"text": ""}
            """
        let outcome = try await tokenize(["--input", "-"], input: input)
        let lines = outcome.output.split(separator: "\n")
        try #require(lines.count == 7)
        #expect(lines[0] == #"{"index":0,"ids":[64,343]}"#)
        #expect(lines[1] == #"{"index":1,"text":"a b<|im_end|>"}"#)
        #expect(lines[2] == #"{"index":2,"text":"a b"}"#)
        #expect(lines[3].hasPrefix(#"{"index":3,"error":"a row needs either"#))
        #expect(lines[4].hasPrefix(#"{"index":4,"error":"\"ids\" holds \"x\""#))
        #expect(lines[5].hasPrefix(#"{"index":5,"error":"standard input, line 7, column 1:"#))
        #expect(lines[6] == #"{"index":6,"ids":[]}"#)
        #expect(outcome.exitCode == 65)
        #expect(outcome.errors.contains("3 of 7 rows"))
    }

    @Test func refusesARowThatIsNotUTF8() async throws {
        let file = try ScratchFolder.ofTheProcess().appending(path: "rows.jsonl")
        try Data(Array("{\"text\": \"a".utf8) + [0xFF] + Array("\"}\n".utf8)).write(to: file)
        let outcome = try await tokenize(["--input", file.path(percentEncoded: false)])
        #expect(outcome.exitCode == 65)
        #expect(outcome.output.contains("line 1, column 12: the string is not valid UTF-8"))
    }

    @Test func saysWhatIsWrongWithItsArguments() async throws {
        #expect(try await tokenize([]).exitCode == 64)
        #expect(try await tokenize(["--input", "/no/such/file"]).exitCode == 64)
        let missing = try await tokenize(["a"], family: "none")
        #expect(missing.exitCode == 65)
        #expect(missing.errors.contains("tokenizer.json: no such file"))
        #expect(missing.output.isEmpty)
    }
}
