import Foundation
import HoneCore
import HoneModels
import TestSupport
import Testing
import Torch

@testable import HoneTraining

/// `steps_per_generation`, `gradient_accumulation_steps` and `num_iterations` over whole updates.
@Suite struct GenerationSplitTests {
    /// Sixteen completions in eight groups, of different lengths.
    private static let samples: [TrainingSample] = (0..<16).map { index in
        let tokens = (0..<1 + index % 5).map { 8 + Int32(index + $0) }
        return TrainingSample(
            promptTokens: [5, 6, 7 + Int32(index / 2)], tokens: tokens,
            isTrained: tokens.map { _ in true },
            behaviourLogProbabilities: tokens.map { _ in -2 },
            advantage: index.isMultiple(of: 2) ? 1 : -0.5, group: index / 2, row: index / 2)
    }

    /// The weights after one update, its metrics, and the optimiser steps it made.
    private func update(
        parts: Int?, added: Int, iterations: Int = 1, budget: Int? = nil, epsilon: Double = 0.2
    ) throws -> (weights: [Float], metrics: [String: Double], steps: Int) {
        let model = try DecoderModel.load(
            folder: Fixtures.url("objective/model"), dtype: .float32, device: .cpu)
        model.unfreeze()
        var config = TrainingConfig(model: .folder(""), dataset: .defaults)
        config.grpo.stepsPerGeneration = parts
        config.grpo.gradientAccumulationSteps = added
        config.grpo.numIterations = iterations
        config.grpo.microBatchTokens = budget
        config.grpo.epsilon = epsilon
        // Plain steps along the gradient: Adam's would blow rounding errors up where one is near 0.
        config.optimizer.name = .sgd
        config.optimizer.momentum = 0
        let step = OptimizerStep(
            optimizer: config.optimizer.optimizer(of: model.trainableParameters),
            schedule: LearningRateSchedule(
                shape: .constant, peak: 0.1, warmupSteps: 0, totalSteps: 100),
            maxGradientNorm: nil)
        let policy = PolicyUpdate(model: model, reference: .none, config: config, step: step)
        let metrics = try policy.run(Self.samples)
        return (
            try model.publishedParameters().flatMap { try $0.tensor.floats() },
            Dictionary(metrics.map { ($0.name, $0.value) }) { _, last in last }, step.count
        )
    }

    private func expectSame(_ first: [Float], _ second: [Float], _ name: String) {
        let gap = zip(first, second).map { abs($0 - $1) }.max() ?? 0
        // Sums in f32 of a few dozen gradients of size 1 in another order, at a rate of 0.1.
        #expect(gap < 2e-6, "\(name): \(gap)")
    }

    @Test func accumulationChangesNothing() throws {
        let plain = try update(parts: nil, added: 1)
        #expect(plain.steps == 1)
        for (added, budget) in [(2, nil), (4, nil), (16, nil), (5, 12), (1, 7)] {
            let cut = try update(parts: nil, added: added, budget: budget)
            #expect(cut.steps == 1)
            expectSame(cut.weights, plain.weights, "\(added) parts, \(budget ?? 0) tokens")
        }
    }

    @Test func whatCountsIsHowManyPartsMakeAnOptimiserStep() throws {
        let two = try update(parts: 2, added: 1, iterations: 2)
        #expect(two.steps == 4)
        let same = try update(parts: 4, added: 2, iterations: 2)
        #expect(same.steps == 4)
        expectSame(two.weights, same.weights, "4 / 2")
        expectSame(
            two.weights, try update(parts: 8, added: 4, iterations: 2, budget: 9).weights, "8 / 4")
        let one = try update(parts: nil, added: 1)
        let gap = zip(one.weights, two.weights).map { abs($0 - $1) }.max() ?? 0
        #expect(gap > 1e-3, "four steps are not one")
    }

    /// Old log-probabilities are those of the weights before the first optimiser step, in every portion:
    /// their distance from the sampler's does not depend on how many steps come.
    @Test func oldLogProbabilitiesAreFromBeforeTheFirstStep() throws {
        let name = "sampling/sampling_logp_difference/mean"
        // An interval that any step leaves, and that rounding does not.
        let epsilon = 1e-4
        let one = try update(parts: nil, added: 1, epsilon: epsilon)
        let expected = try #require(one.metrics[name])
        // Before the first optimiser step every ratio is 1; after it they are not.
        #expect(one.metrics["clip_ratio/region_mean"] == 0)
        for (parts, added, iterations) in [(8, 1, 1), (4, 2, 1), (1, 1, 3), (2, 1, 2)] {
            let found = try update(
                parts: parts, added: added, iterations: iterations, epsilon: epsilon)
            #expect(abs(try #require(found.metrics[name]) - expected) < 1e-6)
            #expect(try #require(found.metrics["clip_ratio/region_mean"]) > 0.1)
        }
    }
}
