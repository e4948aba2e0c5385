import Foundation
import HoneCore
import OrderedCollections
import Testing

@testable import HoneRewards

/// A reference model whose answers can be computed by hand.
private actor ScriptedReference: ReferenceModel {
    private(set) var questions: [ReferenceQuestion] = []

    /// One token a character; ln p is −1 for a, −2 for b, −3 for all else.
    func logProbabilities(of questions: [ReferenceQuestion]) -> [[Float]] {
        self.questions += questions
        return questions.map { $0.text.map { $0 == "a" ? -1 : $0 == "b" ? -2 : -3 } }
    }

    /// How often a and b occur.
    func embeddings(of texts: [String]) -> [[Float]] {
        texts.map { text in ["a", "b"].map { letter in Float(text.count { String($0) == letter }) }
        }
    }
}

@Suite(.serialized) struct ReferenceGraderTests {
    static func rubric(_ rewards: JSONValue, _ slot: ReferenceSlot?) async throws -> Rubric {
        let library = RewardLibrary(
            folder: URL(filePath: "/tmp"), reference: slot, environment: [:])
        return try await library.rubric(
            of: try GradingSpec.rewards(
                of: ConfigDocument(file: "spec.json", root: rewards, lines: [:]), library: library),
            file: "spec.json")
    }

    static func scores(
        _ options: JSONObject, _ completions: [String], columns: JSONObject = [:]
    ) async throws -> (values: [Double?], questions: [ReferenceQuestion]) {
        let model = ScriptedReference()
        let slot = ReferenceSlot()
        await slot.supply(model)
        var reward: JSONObject = ["name": "r"]
        for (key, value) in options { reward[key] = value }
        let rubric = try await rubric([.object(reward)], slot)
        let values = await rubric.assess([gradingRequest(completions, columns: columns)])[0][0]
            .map(\.value)
        return (values, await model.questions)
    }

    @Test func perplexityIsScaledWithinTheGroup() async throws {
        let completions = [
            "<answer>aa</answer>", "<answer>ab</answer>", "<answer>bb</answer>", "x",
        ]
        let (values, questions) = try await Self.scores(["type": "perplexity"], completions)
        // 1/ppl is e^−1, e^−1.5 and e^−2; the last completion has no answer.
        let middle = (exp(-1.5) - exp(-2)) / (exp(-1) - exp(-2))
        #expect(values[0] == 1 && values[2] == 0 && values[3] == 0)
        #expect(abs((values[1] ?? 0) - middle) < 1e-12)
        #expect(questions.map(\.text) == ["aa", "ab", "bb"])
        #expect(questions.allSatisfy { $0.context == "Say it." })
    }

    @Test func equalAnswersAreNeitherGoodNorBad() async throws {
        let (values, _) = try await Self.scores(
            ["type": "perplexity", "extract": "whole"], ["ab", "ba", ""])
        // An answer without tokens is none.
        #expect(values == [0.5, 0.5, 0])
    }

    @Test func inversePerplexityIsTheMeanProbability() async throws {
        let (values, questions) = try await Self.scores(
            ["type": "perplexity", "extract": "whole", "scale": "inverse", "given": "nothing"],
            ["a", "abc"])
        #expect(abs((values[0] ?? 0) - exp(-1)) < 1e-12)
        #expect(abs((values[1] ?? 0) - exp(-2)) < 1e-12)
        #expect(questions.allSatisfy { $0.context.isEmpty })
    }

    @Test func similarityIsTheCosineOfThePooledStates() async throws {
        let (values, _) = try await Self.scores(
            [
                "type": "semantic_similarity", "column": "answer",
                "extract": ["tag": "answer"],
            ],
            [
                "<answer>aab</answer>", "<answer>b</answer>", "<answer>a</answer>",
                "<answer> </answer>", "none", "<answer>ccc</answer>",
            ], columns: ["answer": "a"])
        // (2, 1) · (1, 0) / √5; a right angle; the same; blank and absent; a vector of zeros.
        #expect(abs((values[0] ?? 0) - 2 / 5.0.squareRoot()) < 1e-12)
        #expect(values.dropFirst() == [0, 1, -1, -1, 0])
    }

    @Test func withoutAModelTheRemedyIsTold() async throws {
        for type in ["perplexity", "semantic_similarity"] {
            let error = await #expect(throws: RewardError.self) {
                try await Self.rubric([["name": "r", "type": .string(type)]], nil)
            }
            #expect(error == .noReferenceModel(function: "r"))
            #expect("\(try #require(error))".contains("hone grade takes one with --model"))
        }
    }

    @Test func aSlotKnowsWhetherItWillBeAskedAndWaitsForItsModel() async throws {
        let slot = ReferenceSlot()
        #expect(await !slot.isNeeded)
        let rubric = try await Self.rubric(
            [["name": "r", "type": "perplexity", "extract": "whole", "scale": "inverse"]], slot)
        #expect(await slot.isNeeded)
        async let graded = rubric.grade([gradingRequest(["a"])])
        await slot.supply(ScriptedReference())
        let total = try await graded[0][0].reward?.total ?? 0
        #expect(abs(total - exp(-1)) < 1e-12)
    }

    @Test func anEndpointGivesEmbeddingsInAnyOrder() async throws {
        let server = try JudgeServer()
        let rewards: JSONValue = [
            [
                "name": "meaning", "type": "semantic_similarity", "column": "answer", "model": "m",
                "endpoint": .string(server.base),
            ],
            [
                "name": "cosine", "type": "text_similarity", "evaluation_metric": "cosine",
                "input": "{{sample.output_text}}", "reference": "{{item.answer}}",
                "endpoint": .string(server.base), "weight": 0,
            ],
        ]
        let rubric = try await Self.rubric(rewards, nil)
        let said = await rubric.assess([
            gradingRequest(["abc", "cc"], columns: ["answer": "ac"])
        ])[0]
        // (1,1,1) · (1,0,1) / √6 and (0,0,2) · (1,0,1) / (2 √2).
        for values in said.map({ $0.map(\.value) }) {
            #expect(abs((values[0] ?? 0) - 2 / 6.0.squareRoot()) < 1e-12)
            #expect(abs((values[1] ?? 0) - 1 / 2.0.squareRoot()) < 1e-12)
        }
    }

    @Test func anAnswerWithTooFewVectorsIsAFailure() async throws {
        let server = try JudgeServer()
        let endpoint = EmbeddingEndpoint(
            server: JSONServer(
                base: server.base, retries: RetryPolicy(attempts: 2, firstWait: 0.01)),
            model: "short", deadline: .seconds(60))
        let reward = SemanticSimilarity(name: "r", texts: ComparedTexts(), embedder: endpoint)
        let scores = await reward.score(
            gradingRequest(["a"], columns: ["reference_answer": "b"]))
        guard case .failed(let failure) = scores[0] else {
            Issue.record("\(scores)")
            return
        }
        #expect(failure.message.contains("no answer after 2 tries: an answer that is no list of"))
    }
}
