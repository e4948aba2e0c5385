import Foundation
import HoneCore
import Torch

/// A dry run: walks every phase of a run on a few rows, then the longest sample it can meet, and says what
/// the run will take. The policy it trains on the way is thrown away; the run's folder is not touched.
///
/// Source of the idea: the guide of Cloudera's GRPO template, whose notebook can be explored "without
/// triggering the full training process".
public struct Simulation: Sendable {
    private let run: TrainingRun
    /// Told of each phase as it begins.
    private let progress: @Sendable (String) -> Void
    /// For what a run would write.
    private let scratch: URL

    /// Prompts of the first walk; a whole step follows where it takes no longer than ``patience``.
    private static let fewPrompts = 8
    /// Seconds.
    private static let patience = 60.0

    public init(of run: TrainingRun, progress: @escaping @Sendable (String) -> Void) {
        self.run = run
        self.progress = progress
        // Beside the run's folder, so that it is on the same disk.
        var place = run.folder.url.absoluteURL
        repeat {
            place.deleteLastPathComponent()
        } while !FileManager.default.fileExists(atPath: place.path)
        scratch = place.appending(path: ".hone-simulation-\(UUID().uuidString)")
    }

    /// Walks the phases; what a real run would stumble over stands in the report's problems.
    public func walk() async -> SimulationReport {
        defer { try? FileManager.default.removeItem(at: scratch) }
        var report = SimulationReport()
        let available = MemoryFigures.availableBytes
        let config = run.recipe.config
        let host = PolicyHost()
        let material: RunMaterial
        if run.folder.holdsRun {
            report.problems.append("\(RunFolderError.occupied(path: run.folder.url.path))")
        }
        do {
            material = try await timed("read the data", &report) {
                try RunMaterial(config: config)
            }
            report.warnings = material.warnings
            report.totalSteps = material.totalSteps
            report.longestPrompt = material.longestPrompt
            report.longestCompletion = config.longestCompletion
            try await timed("load the model", &report) {
                let folder = RunFolder(scratch).initialModel
                try await host.load {
                    try Policy(
                        config: config, origin: .recipe(newModelFolder: folder),
                        totalSteps: material.totalSteps)
                }
                try await run.supplyReference(host, .recipe(newModelFolder: folder))
                try await host.perform { $0.expect(sequencesOf: material.longestSequence) }
            }
        } catch {
            // Without rows or model there is nothing to walk.
            report.problems.append("\(error)")
            return report
        }
        // Each phase says by itself what a run would say when it met the same.
        await attempt("walk a step", &report) { report in
            switch material.feed {
            case .prompts(let feed): try await walk(feed, material, host, &report)
            case .examples(let feed): try await walk(feed, material, host, &report)
            }
        }
        await attempt("try the longest sample", &report) { report in
            try await probe(material, host, &report)
        }
        await attempt("evaluate", &report) { report in
            try await evaluate(material, host, &report)
        }
        await attempt("write a checkpoint", &report) { report in
            try await write(host, &report)
        }
        await judge(host, material, available, &report)
        return report
    }

    // MARK: Phases

    /// The trainer's own step on a few prompts, and twice on all of a step where that is quick: the first
    /// of a run also allocates and takes about twice as long as all others.
    private func walk(
        _ feed: any PromptFeed, _ material: RunMaterial, _ host: PolicyHost,
        _ report: inout SimulationReport
    ) async throws {
        let wanted = feed.promptsPerStep
        var few = min(wanted, Self.fewPrompts)
        var silent = 0
        var drawn: Rollout?
        for step in 1...3 {
            let trainer = try run.reinforcement(
                FirstPrompts(feed: feed, promptsPerStep: few), material, host, learner: host)
            let record = try await trainer.advance(step)
            drawn = record.completions.map(\.rollout).first { !$0.text.isEmpty } ?? drawn
            let metrics = Dictionary(record.metrics.map { ($0.name, $0.value) }) { _, last in last }
            let seconds = (metrics["step_time"] ?? 0) * Double(wanted) / Double(few)
            report.secondsPerStep = seconds
            report.groups += few
            silent += Int(((metrics["frac_reward_zero_std"] ?? 0) * Double(few)).rounded())
            if seconds > Self.patience || step == material.totalSteps { break }
            few = wanted
        }
        report.silentGroups = silent
        try await showRows(feed, material, with: drawn, &report)
    }

    /// Seconds for showing rows to the reward functions.
    private static let gradingPatience = 20.0

    /// Shows each row that the run will ask to the reward functions, in the order of asking.
    private func showRows(
        _ feed: any PromptFeed, _ material: RunMaterial, with completion: Rollout?,
        _ report: inout SimulationReport
    ) async throws {
        guard let grader = run.grader else { return }
        let config = run.recipe.config
        var trial = RowTrial(
            grader, config.rewards, group: config.grpo.numGenerations, completion: completion,
            patience: Self.gradingPatience)
        for step in stride(from: 1, through: material.totalSteps, by: 1) where trial.goesOn {
            let batch = try await feed.prompts(step: step, round: 0)
            guard
                await trial.show(
                    batch.prompts, place: "step \(step)", step: step, epoch: batch.epoch)
            else { break }
        }
        trial.finish("training rows")
        report.problems += trial.problems
        report.warnings += trial.warnings
    }

    /// Shows the held-out rows to the reward functions that an evaluation asks.
    private func showHeldOutRows(_ material: RunMaterial, _ report: inout SimulationReport) async {
        let config = run.recipe.config
        let measured = config.evaluation?.rewards ?? []
        guard let evaluation = config.evaluation,
            let grader = run.evaluationGrader ?? run.grader
        else { return }
        var trial = RowTrial(
            grader, measured.isEmpty ? config.rewards : measured, group: evaluation.samples,
            completion: nil, patience: Self.gradingPatience)
        for start in stride(from: 0, to: material.heldOut.count, by: Self.fewPrompts)
        where trial.goesOn {
            let some = material.heldOut[
                start..<min(start + Self.fewPrompts, material.heldOut.count)]
            _ = await trial.show(Array(some), place: "an evaluation", step: 0, epoch: 0)
        }
        trial.finish("held-out rows")
        report.problems += trial.problems
        report.warnings += trial.warnings
    }

    private func walk(
        _ feed: any ExampleFeed, _ material: RunMaterial, _ host: PolicyHost,
        _ report: inout SimulationReport
    ) async throws {
        let trainer = SupervisedTrainer(
            totalSteps: material.totalSteps, feed: feed, learner: host,
            observer: ObserverList([]))
        // The first step also allocates; the second is like all others.
        for step in 1...min(2, material.totalSteps) {
            let record = try await trainer.advance(step)
            report.secondsPerStep = record.metrics.first { $0.name == "step_time" }?.value
        }
    }

    /// Draws a group in which everything is as long as it can be, and learns as many copies of it as fill
    /// a pass, or those that go on at one time: memory depends on what they hold.
    private func probe(
        _ material: RunMaterial, _ host: PolicyHost, _ report: inout SimulationReport
    ) async throws {
        let config = run.recipe.config
        let clock = ContinuousClock()
        let start = clock.now
        switch material.feed {
        case .prompts(let feed):
            let batch = try await feed.prompts(step: 1, round: 0)
            guard let seed = batch.prompts.first?.tokens, !seed.isEmpty else { return }
            let prompt = (0..<max(material.longestPrompt, 1)).map { seed[$0 % seed.count] }
            let request = GenerationRequest(
                promptTokens: prompt, count: config.grpo.numGenerations,
                parameters: config.sampling.parameters,
                stream: RandomStream(seed: UInt64(config.seed)), purpose: .training)
            let completions = try await host.perform { try $0.sampleWithoutEnd(request) }
            let drawn = clock.now
            let atOnce = try await host.perform {
                let model = $0.language.model
                let budget = config.grpo.microBatchTokens ?? TokenBudget.standard(for: model)
                return budget * PassLanes(for: model, tokenBudget: budget).count
            }
            let groups = config.grpo.groupsAtOnce(
                ofTokens: atOnce,
                tokens: prompt.count + completions.reduce(0) { $0 + $1.tokens.count })
            let samples = (0..<groups).flatMap { group in
                completions.enumerated().map { member, completion in
                    TrainingSample(
                        promptTokens: prompt, tokens: completion.tokens,
                        isTrained: Array(repeating: true, count: completion.tokens.count),
                        behaviourLogProbabilities: completion.logProbabilities,
                        // Both signs, so that every completion has a gradient.
                        advantage: member.isMultiple(of: 2) ? 1 : -1, group: group)
                }
            }
            _ = try await host.update(samples)
            let prompts = Double(config.grpo.numPrompts)
            report.longestSecondsPerStep =
                (drawn - start).seconds * prompts
                + (clock.now - drawn).seconds * prompts / Double(groups)
        case .examples(let feed):
            guard let tokens = try feed.examples(step: 1).first?.tokens, !tokens.isEmpty else {
                return
            }
            let length = max(2, min(config.sft.maxLength, material.longestSequence))
            let example = SupervisedExample(
                tokens: (0..<length).map { tokens[$0 % tokens.count] },
                isTrained: (0..<length).map { $0 > 0 })
            let count: Int =
                switch config.sft.batch {
                case .rows(let rows): rows
                case .tokens(let tokens): max(1, tokens / length)
                }
            _ = try await host.update(Array(repeating: example, count: count))
            report.longestSecondsPerStep = (clock.now - start).seconds
        }
    }

    private func evaluate(
        _ material: RunMaterial, _ host: PolicyHost, _ report: inout SimulationReport
    ) async throws {
        guard let evaluator = run.evaluator(material, host) else { return }
        let few = Array(material.heldOut.prefix(Self.fewPrompts))
        let clock = ContinuousClock()
        let start = clock.now
        _ = try await evaluator.evaluate(few, step: 0)
        report.secondsPerEvaluation =
            (clock.now - start).seconds * Double(material.heldOut.count) / Double(few.count)
        await showHeldOutRows(material, &report)
        let every = run.recipe.config.evaluation?.every ?? material.totalSteps
        report.evaluations = 1 + (material.totalSteps + every - 1) / every
    }

    private func write(_ host: PolicyHost, _ report: inout SimulationReport) async throws {
        let clock = ContinuousClock()
        let start = clock.now
        let store = CheckpointStore(folder: scratch, keep: 1)
        let folder = try await store.write(
            host, state: CheckpointStore.State(step: 1, records: RunRecorder.Position()))
        report.secondsPerCheckpoint = (clock.now - start).seconds
        report.checkpointBytes = try Self.size(of: folder)
        let config = run.recipe.config
        if let every = config.checkpoints.every {
            report.checkpoints = (report.totalSteps + every - 1) / every
        }
        let best = config.checkpoints.best || config.evaluation?.loadBestModelAtEnd ?? false
        // One more while it is being written; the result is no larger than a checkpoint.
        let kept = min(report.checkpoints, config.checkpoints.keep) + (best ? 1 : 0) + 2
        report.diskBytes = report.checkpointBytes * kept
    }

    private static func size(of folder: URL) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).reduce(0) { sum, name in
            let path = folder.appending(path: name).path
            let size = try FileManager.default.attributesOfItem(atPath: path)[.size]
            return sum + ((size as? NSNumber)?.intValue ?? 0)
        }
    }

    // MARK: Judgement

    /// Compares what the run needs with what there is.
    private func judge(
        _ host: PolicyHost, _ material: RunMaterial, _ available: Int?,
        _ report: inout SimulationReport
    ) async {
        let config = run.recipe.config
        let prompts = config.method == .grpo ? config.grpo.numPrompts : 0
        let group = config.grpo.numGenerations
        let tokens =
            prompts * (material.longestPrompt + group * config.sampling.maxCompletionLength)
        let probed =
            material.longestPrompt + group * config.sampling.maxCompletionLength
        // What the groups beyond the one that was tried take.
        let growth = try? await host.perform { $0.samplingGrowth(from: probed, to: tokens) }
        report.peakBytes = MemoryFigures.peakResidentBytes.map { $0 + (growth ?? 0) }
        report.availableBytes = available
        if let peak = report.peakBytes, let available, peak > available {
            report.problems.append(
                "the run needs about \(Self.text(peak)) of memory and can have "
                    + "\(Self.text(available)): lower \(Self.memoryKeys(config))")
        }
        let attributes = try? FileManager.default.attributesOfFileSystem(
            forPath: scratch.deletingLastPathComponent().path)
        report.freeDiskBytes = (attributes?[.systemFreeSize] as? NSNumber)?.intValue
        if let free = report.freeDiskBytes, report.diskBytes > free {
            report.problems.append(
                "checkpoints and result take up to \(Self.text(report.diskBytes)), and the disk has "
                    + "\(Self.text(free)) free: lower checkpoints.keep, or choose another --output")
        }
        if report.groups > 0, report.silentGroups == report.groups {
            report.warnings.append(
                "none of \(report.groups) groups has a signal: all rewards in each are equal, so a "
                    + "step like this one learns nothing. Try easier prompts, a reward with more than "
                    + "two values, more grpo.num_generations, or filter_groups")
        }
    }

    private static func memoryKeys(_ config: TrainingConfig) -> String {
        let lengths = "sampling.max_completion_length, memory.cache_budget"
        return config.method == .grpo
            ? "grpo.micro_batch_tokens, \(lengths)"
            : "sft.micro_batch_tokens, sft.max_length"
    }

    private static func text(_ bytes: Int) -> String {
        "\((Double(bytes) / 1_073_741_824 * 10).rounded() / 10) GiB"
    }

    // MARK: Time and failure

    private func timed<Result>(
        _ phase: String, _ report: inout SimulationReport, _ body: () async throws -> Result
    ) async throws -> Result {
        progress(phase)
        let clock = ContinuousClock()
        let start = clock.now
        let result = try await body()
        report.phases.append((phase, (clock.now - start).seconds))
        return result
    }

    /// Walks a phase; what it throws is what a run would have thrown at that place.
    private func attempt(
        _ phase: String, _ report: inout SimulationReport,
        _ body: (inout SimulationReport) async throws -> Void
    ) async {
        progress(phase)
        let clock = ContinuousClock()
        let start = clock.now
        do {
            try await body(&report)
        } catch {
            report.problems.append("\(phase): \(error)")
        }
        report.phases.append((phase, (clock.now - start).seconds))
    }
}

/// Asks only the first few prompts of each step.
private struct FirstPrompts: PromptFeed {
    let feed: any PromptFeed
    let promptsPerStep: Int

    func prompts(step: Int, round: Int) async throws -> PromptBatch {
        var batch = try await feed.prompts(step: step, round: round)
        batch.prompts = Array(batch.prompts.prefix(promptsPerStep))
        return batch
    }
}

extension GRPOConfig {
    /// Groups of `tokens` tokens that fill the passes of `budget` tokens that go on at one time, of every optimiser
    /// step; of a step's at most.
    fileprivate func groupsAtOnce(ofTokens budget: Int, tokens: Int) -> Int {
        let filling = (budget + tokens - 1) / max(tokens, 1)
        return min(numPrompts, max(filling, 1) * updatesPerIteration)
    }
}
