import HoneCore
import HoneTraining
import OrderedCollections
import Testing

@Suite struct EvaluatorTests {
    /// Member k of a group writes the token k + row.
    struct Counting: Sampler {
        func sample(_ requests: [GenerationRequest]) async throws -> [[Completion]] {
            requests.map { request in
                (0..<request.count).map { member in
                    Completion(
                        tokens: [Int32(member + request.stream.row)], logProbabilities: [0],
                        rawLogProbabilities: [0], finishReason: member == 0 ? .length : .stop)
                }
            }
        }
    }

    struct Digits: TextDecoding {
        func text(of tokens: [Int32]) -> String { tokens.map { "\($0)" }.joined() }
    }

    /// 1 for the text "1", a failure for "9", else 0.
    struct One: Grader {
        func functions() -> [FunctionInForce] { [.init("one")] }
        func grade(_ requests: [GradingRequest]) async throws -> [[Verdict]] {
            requests.map { request in
                request.completions.map { text in
                    if text == "9" {
                        let failure = GraderFailure(function: "one", kind: .raised, message: "nine")
                        return .failed(
                            failure,
                            partial: Reward(
                                total: 0,
                                components: [.init(name: "one", score: nil, failure: failure)]))
                    }
                    let score = text == "1" ? 1.0 : 0
                    return .scored(
                        Reward(total: score, components: [.init(name: "one", score: score)]))
                }
            }
        }
    }

    static func prompts(_ rows: [Int]) -> [EncodedPrompt] {
        rows.map {
            EncodedPrompt(
                row: DatasetRow(index: $0, prompt: .text("p"), columns: [:]), text: "p", tokens: [1]
            )
        }
    }

    static func evaluator(samples: Int, passCounts: [Int] = []) -> Evaluator {
        Evaluator(
            samplesPerRow: samples, sampling: SamplingParameters(), seed: 1, passCounts: passCounts,
            shownSamples: 2, rowsPerBatch: 2, sampler: Counting(), decoder: Digits(), grader: One())
    }

    @Test func summarisesRewardsAndPasses() async throws {
        // Texts by row: 0 → 0 1 2, 1 → 1 2 3, 5 → 5 6 7: two solutions in nine, one each in two rows.
        let evaluation = try await Self.evaluator(samples: 3, passCounts: [2, 3])
            .evaluate(Self.prompts([0, 1, 5]))
        #expect(evaluation.rows == 3)
        #expect(abs(evaluation[metric: "reward"]! - 2.0 / 9) < 1e-12)
        // Variance of 2 ones and 7 zeros with n − 1: (2 · 49 + 7 · 4) / 81 / 8 = 126 / 648.
        #expect(abs(evaluation[metric: "reward_std"]! - (126.0 / 648).squareRoot()) < 1e-12)
        #expect(evaluation[metric: "rewards/one/mean"] == evaluation[metric: "reward"])
        #expect(abs(evaluation[metric: "pass@1"]! - 2.0 / 9) < 1e-12)
        // One solution in three: 1 − C(2,2)/C(3,2) = 2/3, in two rows of three.
        #expect(abs(evaluation[metric: "pass@2"]! - 4.0 / 9) < 1e-12)
        #expect(abs(evaluation[metric: "pass@3"]! - 2.0 / 3) < 1e-12)
        #expect(abs(evaluation[metric: "completions/clipped_ratio"]! - 1.0 / 3) < 1e-12)
        #expect(evaluation[metric: "rewards/failures"] == 0)
        #expect(evaluation.samples.map(\.completion) == ["0", "1"])
        // All of them for the record: three a row, row by row.
        #expect(
            evaluation.completions.map(\.completion)
                == ["0", "1", "2", "1", "2", "3", "5", "6", "7"])
        #expect(evaluation.completions.map(\.row.index) == [0, 0, 0, 1, 1, 1, 5, 5, 5])
        #expect(evaluation.metrics.prefix(2).map(\.name) == ["reward", "reward_std"])
    }

    @Test func failedGradingsAreCountedAndLeftOut() async throws {
        // Texts 8 9 and 9 10: of four completions two have a score.
        let evaluation = try await Self.evaluator(samples: 2, passCounts: [2])
            .evaluate(Self.prompts([8, 9]))
        #expect(evaluation[metric: "rewards/failures"] == 2)
        #expect(evaluation[metric: "reward"] == 0)
        #expect(evaluation[metric: "pass@1"] == 0)
        // No row has two known completions.
        #expect(evaluation[metric: "pass@2"]!.isNaN)
    }
}

@Suite struct PassCriterionTests {
    @Test func passAtKIsTheChanceOfASolutionAmongKOfN() {
        // 1 − C(7,4)/C(10,4) = 1 − 35/210.
        #expect(abs(PassCriterion.passAtK(samples: 10, solutions: 3, k: 4)! - 5.0 / 6) < 1e-12)
        #expect(PassCriterion.passAtK(samples: 10, solutions: 0, k: 4) == 0)
        #expect(PassCriterion.passAtK(samples: 10, solutions: 7, k: 4) == 1)
        #expect(PassCriterion.passAtK(samples: 3, solutions: 3, k: 4) == nil)
    }

    @Test func aComponentOrTheTotalDecides() {
        let verdict = Verdict.scored(
            Reward(
                total: 0.1 + 0.2,
                components: [
                    .init(name: "a", score: 1), .init(name: "b", score: nil),
                ]))
        #expect(PassCriterion(threshold: 0.3).isMet(by: verdict) == true)
        #expect(PassCriterion(threshold: 0.31).isMet(by: verdict) == false)
        #expect(PassCriterion(component: "a").isMet(by: verdict) == true)
        #expect(PassCriterion(component: "b").isMet(by: verdict) == nil)
        #expect(PassCriterion().isMet(by: .abstained) == nil)
    }
}
