import Foundation
import HoneCore
import OrderedCollections
import Testing

@testable import HoneRewards

/// Graders in OpenAI's JSON, as a user of their service has them.
@Suite(.serialized) struct MultiGraderTests {
    static func rubric(_ grader: JSONValue, at base: String? = nil) async throws -> Rubric {
        let library = RewardLibrary(
            folder: URL(filePath: "/tmp"),
            environment: base.map { ["OPENAI_BASE_URL": $0, "OPENAI_API_KEY": "right-key"] } ?? [:])
        let rewards = try GradingSpec.rewards(
            of: ConfigDocument(file: "grader.json", root: grader, lines: [:]), library: library)
        return try await library.rubric(of: rewards, file: "grader.json")
    }

    static func problem(_ grader: JSONValue) async -> String {
        do {
            _ = try await rubric(grader)
            return ""
        } catch {
            return "\(error)"
        }
    }

    static func exact(_ reference: String) -> JSONValue {
        [
            "type": "string_check", "name": "exact", "operation": "eq",
            "input": "{{sample.output_text}}", "reference": .string(reference),
        ]
    }

    static func model(_ model: String, extra: JSONObject = [:]) -> JSONValue {
        var grader: JSONObject = [
            "type": "score_model", "name": "model", "model": .string(model), "cache": false,
            "input": [
                ["role": "user", "content": "Row {{item.label}}: {{sample.output_text}}"]
            ],
        ]
        for (key, value) in extra { grader[key] = value }
        return .object(grader)
    }

    @Test func aFormulaCombinesGraders() async throws {
        let rubric = try await Self.rubric([
            "type": "multi", "name": "mix", "calculate_output": "0.75 * exact + 0.25 * near",
            "graders": [
                "exact": Self.exact("{{item.label}}"),
                "near": [
                    "type": "text_similarity", "name": "whatever",
                    "evaluation_metric": "fuzzy_match", "input": "{{sample.output_text}}",
                    "reference": "{{item.label}}",
                ],
            ],
        ])
        let request = gradingRequest(["churn", "chu"], columns: ["label": "churn"])
        // The ratio of chu and churn is 2 · 3 / (3 + 5).
        let totals = try await rubric.grade([request])[0].map { $0.reward?.total }
        #expect(totals == [1, 0.25 * 0.75])
        #expect(
            await rubric.assess([request])[0][0].map(\.output)
                == ["exact: 1.0\nnear: 1.0\n", "exact: 0.0\nnear: 0.75\n"])
    }

    @Test func oneGraderAndAListStandForAMappingToo() async throws {
        let request = gradingRequest(["churn", "chu"], columns: ["label": "churn"])
        for graders: JSONValue in [Self.exact("churn"), [Self.exact("churn")]] {
            let rubric = try await Self.rubric([
                "type": "multi", "name": "mix", "calculate_output": "2 * exact", "graders": graders,
            ])
            #expect(try await rubric.grade([request])[0].map { $0.reward?.total } == [2, 0])
        }
    }

    @Test func whatIsWrongIsToldAtItsPlace() async {
        let unknown = await Self.problem([
            "type": "multi", "name": "mix", "calculate_output": "exact + style",
            "graders": ["exact": Self.exact("a")],
        ])
        #expect(unknown.contains("calculate_output: names style, which is no grader; the graders"))
        let faulty = await Self.problem([
            "type": "multi", "name": "mix", "calculate_output": "exact",
            "graders": ["exact": ["type": "string_check", "operation": "equal"]],
        ])
        #expect(faulty.contains("graders.exact.operation"), "\(faulty)")
        let weighted = await Self.problem([
            "type": "multi", "name": "mix", "calculate_output": "exact",
            "graders": ["exact": ["type": "format", "weight": 2]],
        ])
        #expect(weighted.contains("has no meaning within multi"))
        let absent = await Self.problem([
            "type": "multi", "name": "mix", "graders": ["exact": Self.exact("a")],
        ])
        #expect(absent.contains("calculate_output: is required"))
    }

    @Test func aGraderThatFailsFailsTheWhole() async throws {
        let rubric = try await Self.rubric([
            "type": "multi", "name": "mix", "calculate_output": "exact + 0 * other",
            "graders": ["exact": Self.exact("{{item.absent}}"), "other": Self.exact("a")],
        ])
        let failure = try await rubric.grade([gradingRequest(["a"])])[0][0].failure
        #expect(failure?.function == "mix")
        #expect(failure?.message.hasPrefix("mix.exact: row 0 has no {{item.absent}}") == true)
        // A division by zero is no number.
        let infinite = try await Self.rubric([
            "type": "multi", "name": "mix", "calculate_output": "1 / other",
            "graders": ["other": Self.exact("a")],
        ])
        let verdicts = try await infinite.grade([gradingRequest(["a", "b"])])[0]
        #expect(verdicts[0].reward?.total == 1)
        #expect(verdicts[1].failure?.kind == .notFinite)
    }

    @Test func aModelScoresWithinItsRangeUnscaled() async throws {
        let server = try JudgeServer()
        let rubric = try await Self.rubric(
            Self.model("good", extra: ["range": [0, 10]]), at: server.base)
        let request = gradingRequest(["a"], columns: ["label": "x"])
        #expect(try await rubric.grade([request])[0].map { $0.reward?.total } == [8])
        // 8 lies outside of 0 to 1.
        let narrow = try await Self.rubric(Self.model("good"), at: server.base)
        let failure = try await narrow.grade([request])[0][0].failure
        #expect(failure?.message.hasPrefix("the judge gave no score from 0 to 1") == true)
    }

    @Test func theModelIsSentTheFilledMessagesAndParameters() async throws {
        let server = try JudgeServer()
        let rubric = try await Self.rubric(
            Self.model(
                "seen",
                extra: [
                    "input": [
                        ["role": "developer", "content": "Be strict."],
                        [
                            "role": "user", "type": "message",
                            "content": [
                                ["type": "input_text", "text": "{{item.label}} "],
                                ["type": "input_text", "text": "{{sample.output_json.b}}"],
                            ],
                        ],
                    ],
                    "sampling_params": ["top_p": 0.5, "max_completions_tokens": 99, "seed": 4],
                ]), at: server.base)
        let request = gradingRequest([#"{"b": [1]}"#, "no"], columns: ["label": "x"])
        let said = await rubric.assess([request])[0][0]
        // The second completion has no member b, so the model is not asked.
        #expect(said.map(\.value) == [0.25, 0])
        let answer = try JSONValue(parsing: Array(said[0].output.utf8))
        let body = try JSONValue(parsing: Array((answer["reason"]?.stringValue ?? "").utf8))
        #expect(body["messages"]?.arrayValue?.map { $0["role"] } == ["developer", "user"])
        #expect(
            body["messages"]?.arrayValue?.first?["content"]?.stringValue?.hasPrefix(
                "Be strict.\n\nAnswer with a JSON object") == true)
        #expect(body["messages"]?.arrayValue?.last?["content"] == "x [1]")
        #expect(body["top_p"] == 0.5 && body["max_tokens"] == 99 && body["seed"] == 4)
        #expect(body["temperature"] == nil)
    }

    @Test func aLabelPassesOrNot() async throws {
        let server = try JudgeServer()
        func grader(_ passing: String) -> JSONValue {
            [
                "type": "multi", "name": "mix", "calculate_output": "1 - style",
                "graders": [
                    "style": [
                        "type": "label_model", "name": "style", "model": "label", "cache": false,
                        "input": [["role": "user", "content": "{{sample.output_text}}"]],
                        "labels": ["good", "fair", "bad"], "passing_labels": [.string(passing)],
                    ]
                ],
            ]
        }
        let request = gradingRequest(["a"])
        for (passing, total) in [("fair", 0.0), ("good", 1)] {
            let rubric = try await Self.rubric(grader(passing), at: server.base)
            #expect(try await rubric.grade([request])[0].map { $0.reward?.total } == [total])
            #expect(
                await rubric.takeMetrics().first { $0.name == "judge/mix.style/questions" }?.value
                    == 1)
        }
        #expect(await Self.problem(grader("fine")).contains("fine is not among labels"))
    }

    @Test func theKeyOfTheEnvironmentGoesToTheServerOfTheEnvironmentOnly() async throws {
        let server = try JudgeServer()
        let request = gradingRequest(["a"], columns: ["label": "x"])
        let own = try await Self.rubric(
            Self.model("key", extra: ["range": [0, 10]]), at: server.base)
        #expect(try await own.grade([request])[0].map { $0.reward?.total } == [8])
        let named = try await Self.rubric(
            Self.model("key", extra: ["range": [0, 10], "endpoint": .string(server.base)]),
            at: "http://127.0.0.1:1/v1")
        let failure = try await named.grade([request])[0][0].failure
        #expect(failure?.message.contains("401") == true)
    }

    @Test func withoutAServerNothingIsSentAnywhere() async {
        #expect(
            await Self.problem(Self.model("gpt-4o"))
                == "judge model: no server is named; give endpoint, or set OPENAI_BASE_URL (and "
                + "OPENAI_API_KEY)")
        #expect(
            await Self.problem(
                Self.model("m", extra: ["input": [["role": "tool", "content": ""]]])
            )
            .contains("input[0].role"))
        #expect(
            await Self.problem(
                Self.model(
                    "m",
                    extra: [
                        "input": [["role": "user", "content": ["type": "input_image"]]]
                    ])
            ).contains("input_image"))
    }

    @Test func aPythonGraderOfOpenAIRuns() async throws {
        let source = """
            def grade(sample, item):
                item["numbers"].append(1)
                assert sample["choices"][0]["message"]["content"] == sample["output_text"]
                if "output_json" not in sample:
                    raise ValueError("no JSON")
                return sample["output_json"]["sum"] == sum(item["numbers"])
            """
        let rubric = try await Self.rubric([
            "type": "multi", "name": "mix", "calculate_output": "code * 10",
            "graders": [
                "code": [
                    "type": "python", "name": "code", "image_tag": "2025-05-08",
                    "source": .string(source),
                ]
            ],
        ])
        let request = gradingRequest(
            [#"{"sum": 6}"#, #"{"sum": 6}"#, "no"], columns: ["numbers": [2, 3]])
        let verdicts = try await rubric.grade([request])[0]
        // The row is as it was at each call.
        #expect(verdicts.map { $0.reward?.total } == [10, 10, nil])
        #expect(
            verdicts[2].failure?.message == "mix.code: ValueError: no JSON (<mix.code>:5)")
    }
}
