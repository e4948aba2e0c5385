import Foundation
import HoneCore
import HoneModels
import TestSupport
import Testing
import Torch

@testable import HoneTraining

/// Loss, metrics and gradients of a fixed batch against TRL's own `_compute_loss`
/// (`Tools/fixtures/objective.py`).
@Suite struct ObjectiveParityTests {
    private struct Fixture: Decodable {
        var tolerance: Double
        var prompts: [[Int32]]
        var group: Int
        var completions: [[Int32]]
        var advantages: [Float]
        var cases: [String: Case]

        struct Case: Decodable {
            var options: Options
            var loss: Double
            var old: [[Float]]
            var reference: [[Float]]
            var metrics: [String: Double]
        }

        struct Options: Decodable {
            var loss_type: String
            var beta: Double
            var epsilon: Double
            var epsilon_high: Double
            var temperature: Double
            var max_completion_length: Int
            var use_bias_correction_kl: Bool
        }

        static func load() throws -> Fixture {
            try JSONDecoder().decode(Fixture.self, from: Fixtures.data("objective/cases.json"))
        }

        var samples: [TrainingSample] {
            completions.enumerated().map { index, tokens in
                TrainingSample(
                    promptTokens: prompts[index / group], tokens: tokens,
                    isTrained: Array(repeating: true, count: tokens.count),
                    behaviourLogProbabilities: Array(repeating: 0, count: tokens.count),
                    advantage: advantages[index], group: index / group)
            }
        }
    }

    /// The micro-batch budgets cut the batch into one, three and six passes.
    @Test(
        arguments: [
            "grpo", "grpo_kl", "grpo_kl_corrected", "bnpo", "bnpo_kl", "dr_grpo", "dr_grpo_kl",
            "dapo", "dapo_kl",
            "grpo_hot",
        ], [1000, 18, 1])
    func lossMetricsAndGradientsAgreeWithTRL(name: String, tokenBudget: Int) throws {
        let fixture = try Fixture.load()
        let expected = try #require(fixture.cases[name])
        let options = expected.options
        let model = try DecoderModel.load(
            folder: Fixtures.url("objective/model"), dtype: .float32, device: .cpu)
        model.unfreeze()
        let lossType = try #require(GRPOConfig.LossType(rawValue: options.loss_type))
        let packer = BatchPacker(tokenBudget: tokenBudget)
        var portion = Portion(
            samples: fixture.samples, packer: packer,
            normalization: LossNormalization(
                lossType: lossType, maxCompletionLength: options.max_completion_length),
            keepsUnrewarded: true)
        let update = PolicyUpdate(
            model: model, reference: .none, packer: packer,
            objective: GRPOObjective(
                policy: ClippedObjective(
                    epsilon: options.epsilon, epsilonHigh: options.epsilon_high),
                beta: options.beta,
                divergence: ReferenceDivergence(
                    correction: options.use_bias_correction_kl ? .importanceRatio : .none)),
            normalization: LossNormalization(
                lossType: lossType, maxCompletionLength: options.max_completion_length),
            temperature: options.temperature,
            step: OptimizerStep(
                optimizer: AdamW([(name: "none", tensor: try Tensor.zeros([1]))]),
                schedule: LearningRateSchedule(
                    shape: .constant, peak: 0, warmupSteps: 0, totalSteps: 1),
                maxGradientNorm: nil))

        for index in portion.batches.indices {
            let members = portion.batches[index].members.map(\.sample)
            portion.frozen[index] = FrozenLogProbabilities(
                old: members.flatMap { expected.old[$0] },
                reference: members.flatMap { expected.reference[$0] })
        }
        var tally = UpdateTally()
        let loss = try update.accumulate(&portion, &tally).loss
        #expect(abs(loss - expected.loss) <= fixture.tolerance * max(abs(expected.loss), 1e-3))
        let metrics = Dictionary(
            uniqueKeysWithValues: tally.metrics(of: update.objective).map {
                ($0.name, $0.value)
            })
        for (key, value) in expected.metrics {
            let own = try #require(metrics[key], "no metric \(key)")
            #expect(abs(own - value) <= fixture.tolerance * max(abs(value), 1e-3), "\(key)")
        }
        let gradients = try SafeTensorsReader(
            Fixtures.url("objective/\(name).gradients.safetensors"))
        let published = try model.publishedParameters(gradients: true)
        #expect(published.count == gradients.names.count)
        for parameter in published {
            let name = parameter.name
            let theirs = try gradients.tensor(name).floats()
            let own = try parameter.tensor.floats()
            let size = theirs.map { Double($0) * Double($0) }.reduce(0, +).squareRoot()
            let gap = zip(own, theirs).map { Double($0 - $1) * Double($0 - $1) }
                .reduce(0, +).squareRoot()
            #expect(gap <= fixture.tolerance * size, "gradient of \(name)")
        }
    }
}
