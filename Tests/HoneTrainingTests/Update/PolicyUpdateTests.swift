import Foundation
import HoneCore
import HoneModels
import OrderedCollections
import TestSupport
import Testing
import Torch

@testable import HoneTraining

@Suite struct PolicyUpdateTests {
    /// Four groups of two to four completions of one to nine tokens, with policies that differ.
    private struct Batch {
        var samples: [TrainingSample] = []
        var old: [[Float]] = []
        var reference: [[Float]] = []

        init(using generator: inout SeededGenerator) {
            for group in 0..<4 {
                let prompt = Self.tokens(Int.random(in: 1...5, using: &generator), &generator)
                for _ in 0..<Int.random(in: 2...4, using: &generator) {
                    let tokens = Self.tokens(Int.random(in: 1...9, using: &generator), &generator)
                    let isMasked = Int.random(in: 0..<8, using: &generator) == 0
                    samples.append(
                        TrainingSample(
                            promptTokens: prompt, tokens: tokens,
                            isTrained: tokens.map { _ in !isMasked },
                            behaviourLogProbabilities: Self.logs(tokens.count, &generator),
                            advantage: Float.random(in: -1.5...1.5, using: &generator),
                            group: group))
                    old.append(Self.logs(tokens.count, &generator))
                    reference.append(Self.logs(tokens.count, &generator))
                }
            }
        }

        private static func tokens(_ count: Int, _ generator: inout SeededGenerator) -> [Int32] {
            (0..<count).map { _ in Int32.random(in: 3..<64, using: &generator) }
        }

        private static func logs(_ count: Int, _ generator: inout SeededGenerator) -> [Float] {
            (0..<count).map { _ in Float.random(in: -5...(-3.5), using: &generator) }
        }
    }

    /// The gradient of the whole batch over all parameters, cut by `tokenBudget` and into `parts`.
    private func gradient(
        _ batch: Batch, _ grpo: GRPOConfig, tokenBudget: Int, parts: Int = 1
    ) throws -> (loss: Double, gradient: [Float]) {
        let model = try DecoderModel.load(
            folder: Fixtures.url("objective/model"), dtype: .float32, device: .cpu)
        model.unfreeze()
        var config = TrainingConfig(model: .folder(""), dataset: .defaults)
        config.grpo = grpo
        config.grpo.microBatchTokens = tokenBudget
        config.sampling.maxCompletionLength = 9
        let update = PolicyUpdate(
            model: model, reference: .none, config: config,
            step: OptimizerStep(
                optimizer: AdamW([(name: "none", tensor: try Tensor.zeros([1]))]),
                schedule: LearningRateSchedule(
                    shape: .constant, peak: 0, warmupSteps: 0, totalSteps: 1),
                maxGradientNorm: nil))
        var portion = Portion(
            samples: batch.samples, packer: update.packer, parts: parts,
            normalization: update.normalization,
            keepsUnrewarded: true)
        for index in portion.batches.indices {
            let members = portion.batches[index].members.map(\.sample)
            portion.frozen[index] = FrozenLogProbabilities(
                old: members.flatMap { batch.old[$0] },
                reference: members.flatMap { batch.reference[$0] })
        }
        var tally = UpdateTally()
        let loss = try update.accumulate(&portion, &tally).loss
        let gradients = try model.publishedParameters(gradients: true)
        return (loss, try gradients.flatMap { try $0.tensor.floats() })
    }

    static let recipes: [JSONObject] = [
        ["loss_type": "dapo", "epsilon_high": 0.28],
        ["loss_type": "grpo", "importance_sampling_level": "sequence", "beta": 0.1],
        ["loss_type": "bnpo", "delta": 2],
        ["loss_type": "dr_grpo", "importance_sampling_correction": "token_truncate"],
        ["loss_type": "cispo", "beta": 0.05, "kl_estimator": "k1"],
        ["loss_type": "sapo", "off_policy_mask_threshold": 0.1],
        ["loss_type": "luspo", "importance_sampling_level": "sequence"],
        ["loss_type": "vespo", "importance_sampling_correction": "token_mask"],
        ["loss_type": "dapo", "top_entropy_quantile": 0.3],
        ["loss_type": "grpo", "top_entropy_quantile": 0.5, "entropy_coef": 0.5],
    ]

    @Test(arguments: recipes)
    func anySplitOfABatchGivesTheSameGradient(recipe: JSONObject) throws {
        var problems: [ConfigProblem] = []
        let config = GRPOConfig.decode(recipe, at: .root, &problems)
        #expect(problems.isEmpty)
        var generator = SeededGenerator(state: UInt64(Self.recipes.firstIndex(of: recipe) ?? 0))
        let batch = Batch(using: &generator)
        let whole = try gradient(batch, config, tokenBudget: 100_000)
        for _ in 0..<4 {
            let budget = Int.random(in: 1...80, using: &generator)
            let parts = Int.random(in: 1...batch.samples.count, using: &generator)
            let cut = try gradient(batch, config, tokenBudget: budget, parts: parts)
            #expect(
                abs(cut.loss - whole.loss) < 1e-5 * max(1, abs(whole.loss)), "\(budget), \(parts)")
            let size = whole.gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
            let gap = zip(cut.gradient, whole.gradient)
                .reduce(0) { $0 + pow(Double($1.0) - Double($1.1), 2) }.squareRoot()
            // Sums in f32 of a few hundred terms in another order.
            #expect(gap < 2e-5 * size, "budget \(budget), \(parts) parts: \(gap / size)")
        }
    }

    /// Passes that go on side by side give the bits of passes that follow each other.
    @Test(.enabled(if: Lanes.areAvailable)) func gradientsDoNotDependOnThreads() async {
        await #expect(processExitsWith: .success) {
            var generator = SeededGenerator(state: 7)
            let batch = Batch(using: &generator)
            var config = GRPOConfig()
            config.beta = 0.04
            let all = PolicyUpdateTests()
            try setThreadCount(1)
            let alone = try all.gradient(batch, config, tokenBudget: 20)
            #expect(alone.gradient.contains { $0 != 0 })
            for threads in 2...4 {
                try setThreadCount(threads)
                let found = try all.gradient(batch, config, tokenBudget: 20)
                #expect(found.loss == alone.loss)
                #expect(found.gradient == alone.gradient)
            }
        }
    }

    @Test func aPenaltyLowersTheRewardBeforeAdvantagesAreMade() {
        func sample(_ reward: Double, group: Int) -> TrainingSample {
            TrainingSample(
                promptTokens: [1], tokens: [2, 3], isTrained: [true, true],
                behaviourLogProbabilities: [-1, -1], advantage: 9, reward: reward, group: group)
        }
        let portion = Portion(
            samples: [sample(1, group: 0), sample(0, group: 0)],
            packer: BatchPacker(tokenBudget: 100),
            normalization: LossNormalization(lossType: .dapo, maxCompletionLength: 2),
            keepsUnrewarded: true)
        var portions = [portion]
        // d = log π − log π_ref: 0.5 and 0.25 in the first completion, −1 and 0 in the second.
        portions[0].frozen[0] = FrozenLogProbabilities(
            old: [-1, -1, -2, -2], reference: [-1.5, -1.25, -1, -2])
        let metrics = RewardPenalty(
            beta: 0.2, estimator: .k1, advantages: AdvantageEstimator(scaling: .none)
        ).apply(to: &portions)
        // r' = 1 − 0.2 · 0.75 = 0.85 and 0 + 0.2 · 1 = 0.2; mean 0.525.
        #expect(abs(portions[0].samples[0].advantage - 0.325) < 1e-6)
        #expect(abs(portions[0].samples[1].advantage + 0.325) < 1e-6)
        // (0.75 − 1) / 4 tokens.
        #expect(metrics.map(\.name) == ["kl"])
        #expect(abs(metrics[0].value + 0.0625) < 1e-12)
    }

    /// A reference that moves and an entropy coefficient that adapts go on after a checkpoint to the bit.
    @Test(arguments: [true, false])
    func aMovedReferenceAndAdaptedEntropySurviveACheckpoint(usesAdapter: Bool) throws {
        let scratch = try ScratchFolder()
        let root = Fixtures.folder.deletingLastPathComponent().deletingLastPathComponent()
        var config = TrainingConfig(
            model: .folder(root.appending(path: "Pretrained/countdown-tiny").path),
            dataset: .defaults)
        config.dtype = .float32
        config.threads = 1
        if usesAdapter { config.lora = .defaults }
        config.optimizer.learningRate = 1e-2
        config.grpo.beta = 0.1
        config.grpo.syncRefModel = true
        config.grpo.refModelSyncSteps = 2
        config.grpo.useAdaptiveEntropy = true
        config.grpo.entropyCoef = 0.1
        config.grpo.entropyTarget = 5
        config.grpo.topEntropyQuantile = 0.5
        func policy(_ origin: Policy.Origin) throws -> Policy {
            try Policy(config: config, origin: origin, totalSteps: 6)
        }
        let straight = try policy(.recipe(newModelFolder: scratch.url))
        var expected: [OrderedMetrics] = []
        for step in 0..<6 {
            if step == 3 {
                try straight.writeWeights(to: scratch.url)
                try straight.writeTrainingState(to: scratch.url)
            }
            expected.append(try straight.update(Self.samples(step)))
        }
        let resumed = try policy(.checkpoint(scratch.url))
        for step in 3..<6 {
            let metrics = try resumed.update(Self.samples(step))
            for (own, other) in zip(metrics, expected[step]) where own.name != "memory/peak_bytes" {
                #expect(own == other, "step \(step)")
            }
        }
        // The reference begins where training does.
        let kl = expected.compactMap { $0.first { $0.name == "kl" }?.value }
        #expect(kl.count == 6 && kl[0] < 1e-9 && kl[1] > kl[0])
        let coefficients = expected.compactMap { $0.first { $0.name == "entropy_coef" }?.value }
        #expect(coefficients.count == 6 && coefficients[5] > coefficients[0])
    }

    /// Groups without signal have no pass, so nothing is known of their entropy: a 0 would look like collapse.
    @Test func aStepWithoutSignalSaysNothingOfEntropy() throws {
        let scratch = try ScratchFolder()
        let root = Fixtures.folder.deletingLastPathComponent().deletingLastPathComponent()
        var config = TrainingConfig(
            model: .folder(root.appending(path: "Pretrained/countdown-tiny").path),
            dataset: .defaults)
        config.dtype = .float32
        config.threads = 1
        let policy = try Policy(
            config: config, origin: .recipe(newModelFolder: scratch.url), totalSteps: 2)
        var samples = Self.samples(0)
        let learnt = try policy.update(samples).map(\.name)
        #expect(learnt.contains("entropy") && learnt.contains("loss"))
        for index in samples.indices { samples[index].advantage = 0 }
        let dead = try policy.update(samples)
        #expect(dead.first { $0.name == "loss" }?.value == 0)
        #expect(!dead.contains { $0.name == "entropy" || $0.name.hasPrefix("sampling/") })
    }

    @Test func aReferenceTakesItsShareOfThePolicyAndItsAdapter() throws {
        let policy = try DecoderModel.load(
            folder: Fixtures.url("objective/model"), dtype: .float32, device: .cpu)
        let reference = try policy.frozenCopy()
        let before = try reference.publishedParameters().map { try $0.tensor.floats() }
        try policy.addAdapter(LoRAConfig(rank: 2, alpha: 4), seed: 3)
        try withoutGradients {
            for (index, parameter) in policy.trainableParameters.enumerated() {
                try parameter.tensor.add_(
                    Tensor.randn(parameter.tensor.shape, seed: UInt64(index)), scale: 0.1)
            }
        }
        try reference.move(towards: policy, share: 0.25)
        let after = try reference.publishedParameters().map { try $0.tensor.floats() }
        try policy.mergeAdapter()
        let goal = try policy.publishedParameters().map { try $0.tensor.floats() }
        #expect(after != before)
        for (after, (before, goal)) in zip(after, zip(before, goal)) {
            for (a, (b, g)) in zip(after, zip(before, goal)) {
                #expect(abs(a - (0.75 * b + 0.25 * g)) < 1e-6)
            }
        }
    }

    private static func samples(_ step: Int) -> [TrainingSample] {
        (0..<4).map { index in
            TrainingSample(
                promptTokens: [5, 6, 7], tokens: [8 + Int32(index), 9, 10 + Int32(step)],
                isTrained: [true, true, true], behaviourLogProbabilities: [-2, -2, -2],
                advantage: index.isMultiple(of: 2) ? 1 : -1, group: index / 2)
        }
    }
}
