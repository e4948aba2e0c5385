import Foundation
import HoneCore
import HoneRewards
import OrderedCollections
import Testing

/// SeekrFlow's and OpenAI's ways to write graders.
@Suite struct DialectTests {
    static func rewards(_ root: JSONValue) throws -> [RewardConfig] {
        try GradingSpec.rewards(
            of: ConfigDocument(file: "spec.json", root: root, lines: [:]),
            library: RewardLibrary(folder: URL(filePath: "/tmp")))
    }

    static func problem(_ root: JSONValue) -> String {
        do {
            _ = try rewards(root)
            return ""
        } catch {
            return "\(error)"
        }
    }

    static func weights(_ rewards: [RewardConfig]) -> [String] {
        rewards.map { "\($0.name) \($0.weight)" }
    }

    @Test func withoutWeightsTheGradersShareNineTenths() throws {
        let rewards = try Self.rewards([
            "graders": [
                ["type": "math_accuracy"],
                ["type": "TEXT_SIMILARITY", "operation": "ROUGE"],
            ]
        ])
        #expect(Self.weights(rewards) == ["format 0.1", "math_accuracy 0.45", "rouge 0.45"])
        #expect(rewards.map(\.type) == ["format", "math_accuracy", "text_similarity"])
    }

    @Test func weightsThatSumToOneShareWhatTheFormatLeaves() throws {
        // The page's example: 0.4, 0.3, 0.3 of 0.9.
        let rewards = try Self.rewards([
            "reward_components": [
                "graders": [
                    ["type": "math_accuracy", "weight": 0.4],
                    ["type": "string_check", "weight": 0.3, "operation": "equals"],
                    ["type": "string_check", "weight": 0.3, "operation": "contains"],
                ]
            ]
        ])
        #expect(
            Self.weights(rewards) == [
                "format 0.1", "math_accuracy 0.36000000000000004", "string_check 0.27",
                "string_check_2 0.27",
            ])
    }

    @Test func anExplicitFormatWeightIsPartOfTheSum() throws {
        let graders: JSONValue = [
            ["type": "math_accuracy", "weight": 0.3],
            ["type": "text_similarity", "weight": 0.5, "operation": "bleu"],
        ]
        let rewards = try Self.rewards(["format_reward_weight": 0.2, "graders": graders])
        #expect(Self.weights(rewards) == ["format 0.2", "math_accuracy 0.3", "bleu 0.5"])
        let equal = try Self.rewards([
            "format_reward_weight": 0.2, "graders": [["type": "math_accuracy"]],
        ])
        #expect(Self.weights(equal) == ["format 0.2", "math_accuracy 0.8"])
    }

    @Test func wrongSumsAreRefusedAndShown() {
        let graders: JSONValue = [
            ["type": "math_accuracy", "weight": 0.3],
            ["type": "text_similarity", "weight": 0.5, "operation": "bleu"],
        ]
        #expect(
            Self.problem(["graders": graders])
                == "spec.json: graders: the graders' weights must sum to 1.0: 0.3 + 0.5 = 0.8")
        #expect(
            Self.problem(["graders": graders, "format_reward_weight": 0.1]).contains(
                "must sum to 1.0: 0.1 + 0.3 + 0.5 = 0.9"))
        #expect(
            Self.problem([
                "graders": [["type": "math_accuracy", "weight": 1], ["type": "math_accuracy"]]
            ]).contains("1 of 2 graders have a weight"))
    }

    @Test func unknownTypesAndOperationsAreRefused() {
        #expect(Self.problem(["graders": [["type": "judge"]]]).contains("math_accuracy"))
        #expect(
            Self.problem(["graders": [["type": "string_check"]]]).contains(
                "is required for string_check: equals, not_equals"))
        #expect(
            Self.problem(["graders": [["type": "text_similarity", "operation": "equals"]]])
                .contains("must be one of bleu, rouge, is equals"))
        #expect(Self.problem(["graders": []]).contains("not empty"))
    }

    @Test func theAnswerIsInItsTagOrTheWhole() async throws {
        let library = RewardLibrary(folder: URL(filePath: "/tmp"))
        let rubric = try await library.rubric(
            of: try Self.rewards([
                "graders": [["type": "string_check", "operation": "equals"]]
            ]), file: "spec.json")
        let request = gradingRequest(
            ["<think>a</think><answer>28</answer>", "28", "<answer>28</answer>", "29"],
            columns: ["reference_answer": "28"])
        let totals = try await rubric.grade([request])[0].map { $0.reward?.total }
        #expect(totals == [1, 0.9, 0.9, 0])
    }

    @Test func aGraderOfOpenAIIsTakenAsItIs() async throws {
        let grader: JSONValue = [
            "type": "string_check", "name": "exact", "operation": "ilike",
            "input": "{{sample.output_text}}", "reference": "{{item.label}}",
        ]
        let library = RewardLibrary(folder: URL(filePath: "/tmp"))
        for document: JSONValue in [grader, ["grader": grader], [grader], ["rewards": grader]] {
            let rubric = try await library.rubric(
                of: try Self.rewards(document), file: "spec.json")
            let request = gradingRequest(["It is CHURN.", "no"], columns: ["label": "churn"])
            let totals = try await rubric.grade([request])[0].map { $0.reward?.total }
            #expect(totals == [1, 0])
        }
        #expect(
            Self.problem(["type": "string_check", "name": "a"]).contains("operation: is required"))
    }
}
