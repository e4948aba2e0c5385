import Foundation
import HoneCore
import HoneModels
import TestSupport
import Testing
import Torch

@testable import HoneTraining

/// Numbers that are not finite in loss, gradients and log-probabilities of real tensors.
@Suite struct UndoneUpdateTests {
    private static func policy(
        _ scratch: ScratchFolder, _ change: (inout TrainingConfig) -> Void = { _ in }
    ) throws -> Policy {
        let root = Fixtures.folder.deletingLastPathComponent().deletingLastPathComponent()
        var config = TrainingConfig(
            model: .folder(root.appending(path: "Pretrained/countdown-tiny").path),
            dataset: .defaults)
        config.dtype = .float32
        config.threads = 1
        config.optimizer.learningRate = 1e-2
        change(&config)
        return try Policy(
            config: config, origin: .recipe(newModelFolder: scratch.url), totalSteps: 9)
    }

    /// Four groups of two completions, of rows 10 to 13.
    private static func samples(_ advantage: (_ index: Int) -> Float) -> [TrainingSample] {
        (0..<8).map { index in
            TrainingSample(
                promptTokens: [5, 6, 7], tokens: [8 + Int32(index), 9, 10],
                isTrained: [true, true, true], behaviourLogProbabilities: [-2, -2, -2],
                advantage: advantage(index), group: index / 2, row: 10 + index / 2)
        }
    }

    private static let sound = samples { $0.isMultiple(of: 2) ? 1 : -1 }

    /// Everything a checkpoint holds besides the count of steps, by file.
    private static func state(
        _ policy: Policy, _ scratch: ScratchFolder, _ name: String
    ) throws -> [String: Data] {
        let folder = scratch.url.appending(path: name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try policy.writeWeights(to: folder)
        try policy.writeTrainingState(to: folder)
        var files: [String: Data] = [:]
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path)
        where file != "training.json" {
            files[file] = try Data(contentsOf: folder.appending(path: file))
        }
        return files
    }

    private static func steps(_ folder: URL) throws -> Int {
        let data = try Data(contentsOf: folder.appending(path: "training.json"))
        return try JSONDecoder().decode(TrainingCounters.self, from: data).optimizerSteps
    }

    private static func failure(
        _ policy: Policy, _ samples: [TrainingSample]
    ) throws -> TrainingError.NonFinite? {
        let error = #expect(throws: TrainingError.self) { try policy.update(samples) }
        guard case .notFinite(let found) = error else { return nil }
        return found
    }

    /// The third of four optimiser steps fails; weights, optimiser, reference and entropy coefficient are
    /// again what they were before the first, and the schedule keeps its pace.
    @Test(arguments: ["adamw", "adamw_8bit", "sgd"], [true, false])
    func anUpdateOfSeveralOptimiserStepsIsUndoneWhole(optimizer: String, usesAdapter: Bool) throws {
        let scratch = try ScratchFolder()
        let policy = try Self.policy(scratch) { config in
            if usesAdapter { config.lora = .defaults }
            config.optimizer.name = OptimizerConfig.Name(rawValue: optimizer) ?? .adamw
            config.grpo.stepsPerGeneration = 4
            config.grpo.beta = 0.1
            config.grpo.syncRefModel = true
            config.grpo.refModelSyncSteps = 1
            config.grpo.useAdaptiveEntropy = true
            config.grpo.entropyCoef = 0.1
            config.grpo.entropyTarget = 5
        }
        _ = try policy.update(Self.sound)
        let before = try Self.state(policy, scratch, "before")
        let found = try Self.failure(policy, Self.samples { $0 == 4 ? .infinity : 1 })
        #expect(found?.quantity == "the loss")
        #expect(found?.step == 7)
        #expect(found?.rows == [12])
        let after = try Self.state(policy, scratch, "after")
        #expect(before.keys.sorted() == after.keys.sorted())
        for (file, data) in before { #expect(after[file] == data, "\(file)") }
        #expect(try Self.steps(scratch.url.appending(path: "before")) == 4)
        #expect(try Self.steps(scratch.url.appending(path: "after")) == 8)
        // It can go on.
        _ = try policy.update(Self.sound)
        #expect(try Self.state(policy, scratch, "later") != before)
    }

    @Test func aGradientIsNamedWithItsTensorAndRows() throws {
        let scratch = try ScratchFolder()
        let policy = try Self.policy(scratch) { $0.optimizer.learningRate = 1e-3 }
        let before = try Self.state(policy, scratch, "before")
        // The loss, in double precision, is finite; its gradient in f32 is not.
        let found = try Self.failure(
            policy, Self.samples { $0.isMultiple(of: 2) ? 3e38 : -3e38 })
        #expect(
            found?.quantity.hasPrefix("the gradient of model.") == true, "\(found?.quantity ?? "")")
        #expect(found?.rows == [10, 11, 12, 13])
        #expect(try Self.state(policy, scratch, "after") == before)
        // No gradient is left behind for the next update.
        let metrics = try policy.update(Self.sound)
        #expect(metrics.first { $0.name == "grad_norm" }?.value.isFinite == true)
    }

    @Test(arguments: [Float.nan, .infinity])
    func logProbabilitiesAreNamedWithTheirRows(poison: Float) throws {
        let scratch = try ScratchFolder()
        // Each completion has a pass of its own, so that only its own row is named.
        let policy = try Self.policy(scratch) { $0.grpo.gradientAccumulationSteps = 8 }
        let weights = try policy.language.model.publishedParameters()
        let norm = try #require(weights.first { $0.name == "model.norm.weight" }?.tensor)
        try withoutGradients { _ = try norm.copy_(try Tensor.full(norm.shape, poison)) }
        let found = try Self.failure(policy, Self.sound)
        #expect(found?.quantity == "the log-probabilities")
        #expect(found?.step == 1)
        #expect(found?.rows == [10])
    }

    /// Two supervised examples of four tokens, of rows 20 and 21.
    private static let examples = [20, 21].map {
        SupervisedExample(
            tokens: [5, 6, 7, Int32($0)], isTrained: [false, true, true, true], row: $0)
    }

    @Test func supervisedStepsAreUndoneLikewise() throws {
        let scratch = try ScratchFolder()
        let policy = try Self.policy(scratch) { $0.method = .sft }
        _ = try policy.update(Self.examples)
        let before = try Self.state(policy, scratch, "before")
        let weights = try policy.language.model.publishedParameters()
        let norm = try #require(weights.first { $0.name == "model.norm.weight" }?.tensor)
        let sound = try norm.detached().clone()
        try withoutGradients { _ = try norm.copy_(try Tensor.full(norm.shape, Float.nan)) }
        let error = #expect(throws: TrainingError.self) { try policy.update(Self.examples) }
        guard case .notFinite(let found) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(found.quantity == "the log-probabilities")
        #expect(found.step == 2)
        #expect(found.rows == [20, 21])
        // A broken policy is not written; mended, it is what it was before.
        #expect(throws: TrainingError.brokenPolicy(step: 2, row: nil)) {
            try policy.writeWeights(to: scratch.url)
        }
        try withoutGradients { _ = try norm.copy_(sound) }
        #expect(try Self.state(policy, scratch, "after") == before)
    }
}
