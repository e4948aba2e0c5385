import HoneCore
import HoneTraining
import OrderedCollections
import Testing

/// Rows as other programs have them, read by what a recipe declares.
@Suite struct RowFormsTests {
    /// SeekrFlow: a conversation and its reference answer, nothing declared.
    @Test func seekrFlow() throws {
        let data = try DatasetTests.prompts(
            #"{"messages": [{"role": "system", "content": "Think."}, "#
                + #"{"role": "user", "content": "Smallest multiple of 4 and 14?"}], "#
                + #""reference_answer": "28"}"#)
        #expect(
            data.train[0].prompt
                == .messages([
                    ChatMessage(role: "system", content: "Think."),
                    ChatMessage(role: "user", content: "Smallest multiple of 4 and 14?"),
                ]))
        #expect(data.train[0].columns["reference_answer"] == "28")
    }

    /// Predibase: a prompt and columns for the reward functions, here as CSV.
    @Test func predibase() throws {
        let data = try DatasetTests.prompts(
            "prompt,target,nums\n\"Use [44, 19, 35] to make 98.\",98,\"[44, 19, 35]\"\n",
            named: "rows.csv")
        #expect(data.train[0].prompt == .text("Use [44, 19, 35] to make 98."))
        #expect(data.train[0].columns["nums"] == "[44, 19, 35]")
    }

    /// AgileRL's Countdown: `target` and `nums` renamed, a conversation with an open answer; from CSV the
    /// list is cast.
    @Test(arguments: [
        ("rows.jsonl", #"{"target": 98, "nums": [44, 19, 35]}"#, ""),
        ("rows.csv", "target,nums\n98,\"[44, 19, 35]\"", "cast: {target: integer, nums: json}"),
    ])
    func agileRLsCountdown(name: String, text: String, cast: String) throws {
        let data = try DatasetTests.prompts(text, named: name) {
            $0.steps = try! RowStepTests.steps(
                "[\(cast.isEmpty ? "" : "{\(cast)}, "){rename: {target: answer, nums: question}}]")
            $0.prompt.system = "You are a helpful assistant."
            $0.prompt.template = "Using each number in {question} once, make {answer}."
            $0.prompt.prefill = "Let me solve this step by step.\n<think>"
        }
        #expect(data.train[0].columns == ["answer": 98, "question": [44, 19, 35]])
        #expect(
            data.train[0].prompt
                == .messages([
                    ChatMessage(role: "system", content: "You are a helpful assistant."),
                    ChatMessage(
                        role: "user", content: "Using each number in [44, 19, 35] once, make 98."),
                    ChatMessage(
                        role: "assistant", content: "Let me solve this step by step.\n<think>"),
                ]))
    }
}
