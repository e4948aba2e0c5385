import Foundation
import HoneCore
import HoneText
import HoneTraining
import Torch

/// GRPO steps on synthetic prompts, timed.
struct BenchWork {
    var folder: String
    var dtype: DTypeChoice
    var prompts: Int
    var group: Int
    var length: Int
    var steps: Int
    /// `nil` trains every weight.
    var rank: Int?
    /// How the weights under an adapter are kept.
    var quantization: TrainingConfig.Quantization
    var beta: Double
    var rolloutQuantization: SamplingConfig.RolloutQuantization
    var activationReuse: ActivationReuse

    struct Step {
        var generate: Double
        var update: Double
        /// Mean distance of the sampler's log-probabilities from the update's, nats.
        var samplingDifference: Double
        /// Share of the update's rows that were taken over from the sampler.
        var reusedRows: Double
        var completionTokens: Int
    }

    func measure(progress: (String) -> Void) async throws -> BenchResult {
        let host = PolicyHost()
        let config = config
        let totalSteps = steps
        try await host.load {
            try Policy(
                config: config, origin: .recipe(newModelFolder: URL(filePath: "")),
                totalSteps: totalSteps)
        }
        let facts = try await host.perform { $0.facts }
        progress("\(folder): \(facts.summary)")
        let limits = try await host.perform { _ in
            try MachineLimits.measure(facts.dtype, facts.device)
        }
        progress(
            String(
                format: "this machine: %.1f GB/s, %.2f TFLOP/s %@", limits.memoryBandwidth / 1e9,
                limits.matrixRate / 1e12, "\(facts.dtype)"))
        let texts = (0..<steps * prompts).map(prompt)
        let encoded = try await host.perform { policy in
            try texts.map {
                try policy.language.text.tokenizer.encode($0, addSpecialTokens: true)
            }
        }
        var taken: [Step] = []
        for step in 0..<steps {
            let batch = Array(encoded[step * prompts..<(step + 1) * prompts])
            taken.append(try await self.step(step + 1, batch, host))
            progress(
                String(
                    format: "step %d: generate %.3f s, update %.3f s, "
                        + "sampler and update apart by %.1e nats, %.0f %% of rows taken over",
                    step + 1, taken[step].generate, taken[step].update,
                    taken[step].samplingDifference, 100 * taken[step].reusedRows))
        }
        let promptTokens = encoded.map(\.count).reduce(0, +) / steps
        return BenchResult(
            work: self, facts: facts, limits: limits, promptTokens: promptTokens,
            steps: steps > 1 ? Array(taken.dropFirst()) : taken,
            peakBytes: MemoryFigures.peakResidentBytes ?? 0)
    }

    private func step(_ number: Int, _ prompts: [[Int32]], _ host: PolicyHost) async throws -> Step
    {
        let clock = ContinuousClock()
        let start = clock.now
        let groups = try await host.sample(
            prompts.enumerated().map { row, tokens in
                GenerationRequest(
                    promptTokens: tokens, count: group,
                    parameters: SamplingParameters(maxTokens: length),
                    stream: RandomStream(seed: 1, step: number, row: row),
                    purpose: .training)
            })
        let sampled = clock.now
        // Rewards that differ within a group whatever was drawn: a group of equal rewards teaches nothing,
        // and without a reference its update would be left out.
        let rewards = groups.map { $0.indices.map { Double?(Double($0)) } }
        let advantages = AdvantageEstimator(scaling: .group).advantages(of: rewards)
        let samples = groups.indices.flatMap { row in
            groups[row].indices.map { member in
                let completion = groups[row][member]
                return TrainingSample(
                    promptTokens: prompts[row], tokens: completion.tokens,
                    isTrained: Array(repeating: true, count: completion.tokens.count),
                    behaviourLogProbabilities: completion.logProbabilities,
                    advantage: advantages[row][member] ?? 0, group: row)
            }
        }
        let metrics = try await host.update(samples)
        func metric(_ name: String) -> Double { metrics.first { $0.0 == name }?.1 ?? 0 }
        return Step(
            generate: (sampled - start).seconds, update: (clock.now - sampled).seconds,
            samplingDifference: metric("sampling/sampling_logp_difference/mean"),
            reusedRows: metric("sampling/reused_rows"),
            completionTokens: samples.reduce(0) { $0 + $1.tokens.count })
    }

    private var config: TrainingConfig {
        var config = TrainingConfig(model: .folder(folder), dataset: .defaults)
        config.dtype = dtype
        config.quantization = quantization
        config.sampling.maxCompletionLength = length
        config.sampling.quantization = rolloutQuantization
        config.grpo.numPrompts = prompts
        config.grpo.numGenerations = group
        config.grpo.beta = beta
        config.memory.activationReuse = activationReuse
        config.lora = rank.map { rank in
            var adapter = AdapterConfig()
            adapter.rank = rank
            adapter.alpha = Double(2 * rank)
            return adapter
        }
        return config
    }

    /// A Countdown question of four numbers; the same ones in every run.
    private func prompt(_ index: Int) -> String {
        let numbers = (0..<4).map { (index * 37 + $0 * 23) % 99 + 1 }
        let list = numbers.map(String.init).joined(separator: ", ")
        return
            "Using the numbers [\(list)], create an equation that equals \(index * 53 % 200 + 1)."
    }
}
