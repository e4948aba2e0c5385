import Foundation
import HoneCore
import HoneInference
import HoneModels
import TestSupport
import Testing
import Torch

@testable import HoneTraining

/// Updates that take over what the sampler computed, against updates that compute everything.
@Suite(.enabled(if: DecodeStack.supports(dtype: .float32, device: .cpu)))
struct ReusedActivationsTests {
    private struct Outcome {
        var metrics: OrderedMetrics
        /// Of every parameter, after the update.
        var weights: [[Float]]
        var trust: ReusedActivations.Trust?
    }

    private enum Trained {
        case everyWeight
        /// The base is the reference, with a KL term.
        case adapter

        func prepare(_ model: DecoderModel) throws {
            switch self {
            case .everyWeight: model.unfreeze()
            case .adapter:
                try model.addAdapter(LoRAConfig(rank: 4, alpha: 8), seed: 3)
                try withoutGradients {
                    for (index, each) in model.trainableParameters.enumerated() {
                        try each.tensor.copy_(
                            Tensor.randn(each.tensor.shape, seed: UInt64(index)) * 0.1)
                    }
                }
            }
        }
    }

    /// Draws three groups of four and learns from them.
    ///
    /// - Parameter changesBetween: the weights change after the completions are drawn, which nothing in a
    ///   run does.
    private func learn(
        reusing: Bool, keeping extent: ActivationRecord.Extent = .layer,
        trains: Trained = .everyWeight, iterations: Int = 1,
        tokenBudget: Int = 1000, changesBetween: Bool = false
    ) throws -> Outcome {
        let model = try DecoderModel.load(
            folder: Fixtures.url("objective/model"), dtype: .float32, device: .cpu)
        try trains.prepare(model)
        let engine = try Engine(
            model: model, endTokens: [], limits: EngineLimits(cacheBytes: 8 << 20))
        if reusing {
            engine.record = ActivationRecord(
                model: model, byteBudget: 64 << 20, keeping: extent)
        }
        var config = TrainingConfig(model: .folder(""), dataset: .defaults)
        config.grpo.numIterations = iterations
        config.grpo.microBatchTokens = tokenBudget
        config.sampling.maxCompletionLength = 9
        if trains == .adapter { config.grpo.beta = 0.5 }
        let update = PolicyUpdate(
            model: model, reference: trains == .adapter ? .adapterOff(model) : .none,
            config: config,
            step: OptimizerStep(
                optimizer: SGD(
                    model.trainableParameters.map { ($0.name, $0.tensor, .exempt) },
                    options: SGD.Options(learningRate: 0.1)),
                schedule: LearningRateSchedule(
                    shape: .constant, peak: 0.1, warmupSteps: 0, totalSteps: 1),
                maxGradientNorm: nil),
            record: engine.record)
        let prompts: [[Int32]] = [[3, 9, 27], [5], [40, 41, 42, 43, 44]]
        let groups = try withoutGradients {
            try engine.generate(
                prompts.enumerated().map { row, prompt in
                    GenerationRequest(
                        promptTokens: prompt, count: 4,
                        parameters: SamplingParameters(maxTokens: 9),
                        stream: RandomStream(seed: 7, row: row), purpose: .training)
                })
        }
        if changesBetween {
            try withoutGradients {
                for parameter in model.trainableParameters {
                    try parameter.tensor.copy_(parameter.tensor * 1.1)
                }
            }
        }
        let samples = groups.enumerated().flatMap { group, completions in
            completions.enumerated().map { member, completion in
                TrainingSample(
                    promptTokens: prompts[group], tokens: completion.tokens,
                    isTrained: completion.tokens.map { _ in true },
                    behaviourLogProbabilities: completion.logProbabilities,
                    advantage: Float(member) - 1.4, group: group)
            }
        }
        let metrics = try update.run(samples)
        return Outcome(
            metrics: metrics,
            weights: try model.trainableParameters.map { try $0.tensor.floats() },
            trust: update.reused?.trust)
    }

    private func share(of outcome: Outcome) -> Double? {
        outcome.metrics.first { $0.0 == "sampling/reused_rows" }?.1
    }

    private func expectEqual(_ own: Outcome, _ other: Outcome, tolerance: Float = 1e-5) {
        for (own, other) in zip(own.weights, other.weights) {
            for (own, other) in zip(own, other) { #expect(abs(own - other) < tolerance) }
        }
        let values = Dictionary(uniqueKeysWithValues: other.metrics.map { ($0.0, $0.1) })
        for name in ["loss", "entropy", "grad_norm"] {
            let value = own.metrics.first { $0.0 == name }?.1
            #expect(abs((value ?? .nan) - (values[name] ?? .nan)) < 1e-4, "\(name)")
        }
    }

    /// One pass, two passes of which the second finds other weights, and passes over parts of a group.
    @Test(arguments: [(1, 1000), (2, 1000), (1, 16)])
    func moveWeightsTheSameWay(iterations: Int, tokenBudget: Int) throws {
        let plain = try learn(
            reusing: false, iterations: iterations, tokenBudget: tokenBudget)
        let reused = try learn(reusing: true, iterations: iterations, tokenBudget: tokenBudget)
        #expect(plain.trust == nil)
        #expect(reused.trust == .agrees)
        // A second pass finds other weights and computes everything.
        #expect(share(of: reused) == 1 / Double(iterations))
        #expect(share(of: plain) == nil)
        expectEqual(reused, plain)
    }

    /// The reference is the base without its adapter; nothing that the adapter took part in is its own.
    @Test(
        arguments: [(1, 1000), (2, 1000), (1, 16)],
        [ActivationRecord.Extent.layer, .feedForward])
    func moveAdaptersTheSameWay(
        passes: (iterations: Int, tokenBudget: Int), extent: ActivationRecord.Extent
    ) throws {
        let (iterations, tokenBudget) = passes
        let plain = try learn(
            reusing: false, trains: .adapter, iterations: iterations, tokenBudget: tokenBudget)
        let reused = try learn(
            reusing: true, keeping: extent, trains: .adapter, iterations: iterations,
            tokenBudget: tokenBudget)
        #expect(reused.trust == .agrees)
        #expect(share(of: reused) == 1 / Double(iterations))
        expectEqual(reused, plain)
        let divergence = { (outcome: Outcome) in outcome.metrics.first { $0.0 == "kl" }?.1 }
        let (own, other) = (try #require(divergence(reused)), try #require(divergence(plain)))
        #expect(abs(own - other) < 1e-5)
        // Were the reference's pass to take the policy's rows, there would be none.
        #expect(own > 1e-3)
    }

    /// What the record says is not believed: rows that other weights gave are computed anew.
    @Test func refusesWhatOtherWeightsGave() throws {
        let plain = try learn(reusing: false, changesBetween: true)
        let reused = try learn(reusing: true, changesBetween: true)
        #expect(reused.trust == .refused)
        #expect(share(of: reused) == 0)
        expectEqual(reused, plain, tolerance: 1e-7)
    }
}
