import Foundation
import HoneCore
import TestSupport
import Testing

@testable import HoneTraining

/// Loss, metrics and the gradient of every token against TRL's own `_compute_loss`, for every loss type
/// and option that TRL has (`Tools/fixtures/objective.py`). Recipes are read as a user writes them.
@Suite struct TokenObjectiveParityTests {
    struct Fixture: Decodable {
        var tolerance: Double
        var advantages: [Float]
        var logps: [[Float]]
        var old: [[Float]]
        var sampler: [[Float]]
        var reference: [[Float]]
        var cases: [String: Case]

        struct Case: Decodable {
            var masked: [Int]
            var steps: [Step]
        }

        struct Step: Decodable {
            var loss: Double
            var gradient: [[Double]]
            var entropies: [[Float]]
            var entropy_gradient: [[Double]]?
            var metrics: [String: Double]
        }

        static func load() throws -> Fixture {
            try JSONDecoder().decode(Fixture.self, from: data())
        }

        static func data() throws -> Data { try Fixtures.data("objective/token_cases.json") }

        /// Two groups of three.
        func samples(_ masked: [Int]) -> [TrainingSample] {
            logps.indices.map { index in
                let count = logps[index].count
                return TrainingSample(
                    promptTokens: [1], tokens: Array(repeating: 1, count: count),
                    isTrained: Array(repeating: !masked.contains(index), count: count),
                    behaviourLogProbabilities: sampler[index], advantage: advantages[index],
                    group: index / 3)
            }
        }
    }

    /// Cases of which there is a twin with the completions left out that reached the longest length.
    static let truncated = [
        "grpo", "bnpo", "dr_grpo", "dapo", "cispo", "sapo", "luspo", "vespo", "gspo_kl_corrected",
        "dapo_delta_kl", "cispo_kl", "top_entropy_kl", "entropy_bonus", "entropy_bonus_top",
        "entropy_adaptive", "off_policy_gspo_kl", "vespo_corrected", "token_truncate", "token_mask",
        "sequence_truncate", "sequence_mask",
    ].map { $0 + "_truncated" }

    static let names =
        truncated + [
            "grpo", "dapo", "bnpo", "dr_grpo", "grpo_delta", "dapo_delta_kl", "gspo", "gspo_delta",
            "gspo_kl",
            "gspo_kl_corrected", "dapo_sequence", "dapo_masked", "grpo_masked", "cispo", "cispo_kl",
            "cispo_sequence", "sapo", "sapo_sharp", "luspo", "luspo_kl", "vespo", "vespo_other",
            "vespo_corrected", "top_entropy", "top_entropy_kl", "gspo_top_entropy", "off_policy",
            "off_policy_gspo_kl", "token_truncate", "token_mask", "sequence_truncate",
            "sequence_mask", "gspo_token_truncate", "entropy_bonus", "entropy_bonus_top",
            "entropy_adaptive",
        ]

    static func config(_ name: String) throws -> GRPOConfig {
        let root = try JSONValue(parsing: String(decoding: Fixture.data(), as: UTF8.self))
        let recipe = try #require(root["cases"]?[name]?["recipe"]?.objectValue)
        var problems: [ConfigProblem] = []
        let config = GRPOConfig.decode(recipe, at: .root, &problems)
        #expect(problems.isEmpty, "\(problems)")
        return config
    }

    @Test func theFixtureHasNoOtherCases() throws {
        #expect(try Fixture.load().cases.keys.sorted() == Self.names.sorted())
    }

    /// Micro-batches of one completion, of some, and of all.
    @Test(arguments: names, [1, 12, 1000])
    func agreesWithTRLHoweverTheBatchIsCut(name: String, tokenBudget: Int) throws {
        let fixture = try Fixture.load()
        let expected = try #require(fixture.cases[name])
        let config = try Self.config(name)
        let correction = SamplingCorrection(config)
        let objective = GRPOObjective(config, correction: correction)
        var control = EntropyControl(config)
        for step in expected.steps {
            var portion = Portion(
                samples: fixture.samples(expected.masked),
                packer: BatchPacker(tokenBudget: tokenBudget),
                normalization: LossNormalization(
                    lossType: config.lossType, maxCompletionLength: 7),
                keepsUnrewarded: true)
            let trained = portion.samples.indices.filter { !expected.masked.contains($0) }
            let entropies = trained.flatMap { step.entropies[$0] }
            let terms =
                config.topEntropyQuantile < 1
                ? EntropyTerms(
                    coefficient: control.applied, topQuantile: config.topEntropyQuantile,
                    entropies: entropies)
                : EntropyTerms(coefficient: control.applied, tokens: entropies.count)

            var whole = GRPOObjective.Evaluation()
            var tally = UpdateTally()
            for index in portion.batches.indices {
                let members = portion.batches[index].members.map(\.sample)
                func packed(_ values: [[Float]]) -> [Float] { members.flatMap { values[$0] } }
                portion.frozen[index] = FrozenLogProbabilities(
                    old: packed(fixture.old), reference: packed(fixture.reference))
                let evaluation = objective.evaluate(
                    portion.scored(
                        packed(fixture.logps), packed(step.entropies), batch: index),
                    weights: members.map { portion.weights[$0] }, entropy: terms)
                tally.add(
                    BatchPass(
                        logProbabilities: packed(fixture.logps), entropy: packed(step.entropies),
                        evaluation: evaluation),
                    of: portion, batch: index)
                whole.add(evaluation)
                for (member, gradient) in zip(members, evaluation.gradients) {
                    expectClose(gradient, step.gradient[member], fixture.tolerance, "\(member)")
                }
                for (member, gradient) in zip(members, evaluation.entropyGradients)
                where terms.bonus != 0 {
                    let theirs = try #require(step.entropy_gradient)
                    expectClose(gradient, theirs[member], fixture.tolerance, "H \(member)")
                }
            }
            tally.compare(portion, correction)
            control.observe(meanEntropy: whole.keptEntropy / Double(whole.keptTokens))

            expectClose(whole.loss, step.loss, fixture.tolerance, "loss")
            var metrics = Dictionary(
                uniqueKeysWithValues: (tally.metrics(of: objective) + control.metrics).map {
                    ($0.name, $0.value)
                })
            metrics["policy_loss"] = whole.policyLoss
            for (key, value) in step.metrics {
                let own = try #require(metrics[key], "no metric \(key)")
                let value = Self.overTrained(
                    value, key, config, of: fixture.logps.count, without: expected.masked.count)
                // TRL sums metrics in f32.
                expectClose(own, value, 1e-5, key)
            }
        }
    }

    /// What TRL's metric is without the completions that are masked.
    ///
    /// Where there is one number a sequence, TRL's means count masked sequences too, with ratio 1: not clipped,
    /// φ = 1. Ours are of what is trained on.
    private static func overTrained(
        _ value: Double, _ key: String, _ config: GRPOConfig, of count: Int, without masked: Int
    ) -> Double {
        let (all, kept) = (Double(count), Double(count - masked))
        let isOfSequences =
            [.sequenceTruncate, .sequenceMask].contains(config.importanceSamplingCorrection)
            && key == "sampling/importance_sampling_ratio/mean"
        if isOfSequences || key == "vespo/phi_seq_mean" {
            return (value * all - Double(masked)) / kept
        }
        let isShare = key.hasPrefix("clip_ratio/") && key.hasSuffix("_mean")
        return isShare && config.importanceSamplingLevel == .sequence ? value * all / kept : value
    }

    private func expectClose(_ own: Double, _ theirs: Double, _ tolerance: Double, _ what: String) {
        #expect(
            abs(own - theirs) <= tolerance * max(abs(theirs), 1e-2),
            "\(what): \(own), TRL \(theirs)")
    }

    /// Relative to the larger of each value and a hundredth: gradients here are near 0.1.
    private func expectClose(
        _ own: [Float], _ theirs: [Double], _ tolerance: Double, _ what: String
    ) {
        #expect(own.count == theirs.count)
        for (a, b) in zip(own, theirs) { expectClose(Double(a), b, tolerance, what) }
    }
}
