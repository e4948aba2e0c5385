import ArgumentParser
import Foundation
import HoneCore
import HoneRewards
import HoneStore
import HoneTraining
import OrderedCollections

/// `hone evaluate`: how good a model is by its reward functions.
struct Evaluate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure models and adapters with reward functions.",
        discussion: """
            Draws completions for the rows of a dataset, scores them, and prints mean and spread of \
            each reward, pass@k and a few samples; several adapters or models side by side in one \
            table. With --json, one object per model or adapter.

            A recipe says all there is to know: hone evaluate --recipe recipe.yaml --adapter DIR asks \
            its held-out rows. Without one: hone evaluate --model DIR --data rows.jsonl --rewards \
            rewards.yaml. Flags go before what the recipe says; --data asks all rows of that file.

            The same seed draws the same random numbers for every model, so that two columns differ \
            only by the model.
            """)

    @Option(
        help: ArgumentHelp(
            "Model folder in Hugging Face layout; may be given more than once.", valueName: "folder"
        ))
    var model: [String] = []
    @Option(
        help: ArgumentHelp(
            "Folder with an adapter for the model; may be given more than once.",
            valueName: "folder"))
    var adapter: [String] = []
    @Flag(help: "Measure the model without adapter too, first.")
    var base = false
    @Option(
        help: ArgumentHelp(
            "Recipe that names model, dataset, prompt, rewards and evaluation.", valueName: "file"))
    var recipe: String?
    @Option(
        name: .customLong("set"),
        help: ArgumentHelp(
            "Change a key of the recipe: --set evaluation.rows=50.", valueName: "key=value"))
    var overrides: [String] = []
    @Option(
        help: ArgumentHelp(
            "File with rows (JSON lines or CSV); all of them are asked.", valueName: "file"))
    var data: String?
    @Option(
        help: ArgumentHelp(
            "File that declares the reward functions, as for hone grade.", valueName: "file"))
    var rewards: String?
    @Option(parsing: .unconditional, help: "Ask only the first so many rows.")
    var rows: Int?
    @Option(parsing: .unconditional, help: "Completions a row.")
    var samples: Int?
    @Option(parsing: .unconditional, help: "0 is greedy.")
    var temperature: Double?
    @Option(
        parsing: .unconditional,
        help: "Keep the smallest set of tokens that reaches this probability.")
    var topP: Double?
    @Option(parsing: .unconditional, help: "Keep this many most probable tokens; 0 keeps all.")
    var topK: Int?
    @Option(parsing: .unconditional, help: "Longest completion in tokens.")
    var maxTokens: Int?
    @Option(help: "The k of pass@k, separated by commas. Default: 1, 2, 4, … up to the samples.")
    var passAtK: String?
    @Option(
        parsing: .unconditional,
        help: "A completion passes when its total, or --pass-reward, reaches this.")
    var passThreshold: Double?
    @Option(help: "Reward function that decides what passes, instead of the total.")
    var passReward: String?
    @Option(parsing: .unconditional, help: "Decides every random draw.")
    var seed: Int?
    @Option(help: "auto, cpu, cuda, cuda:N or mps.")
    var device: String?
    @Option(help: "auto, f32 or bf16.")
    var dtype: String?
    @Option(help: "none, or nf4: keep the model's weights in four bits.")
    var quantization: String?
    @Option(parsing: .unconditional, help: "Show the completions of so many rows.")
    var show = 3
    @OptionGroup var store: StoreOptions
    @Flag(help: "Print one JSON object per model or adapter.")
    var json = false

    func run() async throws {
        let reference = ReferenceSlot()
        let library = RewardLibrary(
            folder: folder(of: rewards ?? recipe ?? "rewards.yaml"),
            tell: { StandardError.write(line: $0) }, reference: reference)
        var config = try configuration(library)
        let contestants = try contestants(config)
        config.model = .folder(contestants[0].folder.path)
        let log = CurrentRewardLog()
        let rubric = try await library.rubric(
            of: config.measuringRewards, file: rewards ?? recipe ?? "rewards", log: log)
        if let passReward, !rubric.componentNames.contains(passReward) {
            throw ValidationError(
                "--pass-reward \(passReward): the reward functions are "
                    + rubric.componentNames.joined(separator: ", "))
        }
        let material = try EvaluationMaterial(
            config: config, rows: data == nil ? .heldOut : .all, limit: config.evaluation?.rows)
        for notice in rubric.notices { StandardError.write(line: notice) }
        for warning in material.warnings { StandardError.write(line: "warning: \(warning)") }

        let host = ModelHost()
        await reference.supply(host)
        let evaluator = evaluator(config, host: host, material: material, rubric: rubric)
        var table = EvaluationTable()
        for contestant in contestants {
            StandardError.write(
                line: "\(contestant.name): \(material.prompts.count) rows × "
                    + "\(evaluator.samplesPerRow)")
            let evaluation: Evaluation
            let record = try MeasurementRecord(
                of: contestant, with: config, rewards: library.folder, in: store
            ) { StandardError.write(line: "warning: \($0)") }
            await log.follow(record.rewardLog)
            do {
                await record.record(
                    .started(
                        contestant.description(
                            rows: material.prompts.count, samplesPerRow: evaluator.samplesPerRow)))
                try await host.load(
                    config, folder: contestant.folder, adapter: contestant.adapter)
                if let mismatch = await host.baseMismatch {
                    StandardError.write(line: "warning: \(contestant.name): \(mismatch)")
                }
                await host.expect(
                    sequencesOf: material.longestPrompt + config.sampling.maxCompletionLength)
                evaluation = try await evaluator.evaluate(material.prompts)
                await record.record(.evaluated(evaluation.record(step: 0)))
                await record.record(.finished(step: 0, output: "", metrics: []))
            } catch {
                await record.record(.failed(step: 0, message: "\(error)"))
                // What was measured before is not lost.
                if !table.isEmpty { StandardOutput.write(line: table.text) }
                throw error
            }
            if json {
                StandardOutput.write(line: contestant.row(evaluation).text())
            } else {
                table.add(evaluation, name: contestant.name)
            }
        }
        if !json { StandardOutput.write(line: table.text) }
    }

    private func evaluator(
        _ config: TrainingConfig, host: ModelHost, material: EvaluationMaterial, rubric: Rubric
    ) -> Evaluator {
        let evaluation = config.evaluation ?? .defaults
        let n = evaluation.samples
        return Evaluator(
            samplesPerRow: n,
            sampling: evaluation.parameters(maxTokens: config.sampling.maxCompletionLength),
            seed: UInt64(config.seed),
            criterion: PassCriterion(
                component: passReward, threshold: evaluation.passThreshold),
            passCounts: evaluation.passAtK.isEmpty ? Self.powersOfTwo(upTo: n) : evaluation.passAtK,
            shownSamples: show, sampler: host, decoder: material.decoder, grader: rubric)
    }

    /// 1, 2, 4, … and `limit` itself.
    private static func powersOfTwo(upTo limit: Int) -> [Int] {
        Array(sequence(first: 1) { $0 * 2 }.prefix { $0 < limit }) + [limit]
    }

    private func folder(of file: String) -> URL {
        URL(filePath: file).absoluteURL.deletingLastPathComponent()
    }
}

/// A model, or a model with an adapter, to be measured.
struct Contestant {
    var folder: URL
    var adapter: URL?
    /// What tells it from the others: the path as the user gave it.
    var name: String

    /// The row of `--json`.
    func row(_ evaluation: Evaluation) -> JSONValue {
        var metrics = JSONObject()
        for (name, value) in evaluation.metrics where name != "reward_std" {
            metrics[name] = value.isFinite ? .double(value) : .null
        }
        let spread = evaluation[metric: "reward_std"] ?? .nan
        metrics["reward"] = [
            "mean": metrics["reward"] ?? .null,
            "std": spread.isFinite ? .double(spread) : .null,
        ]
        return [
            "model": .string(folder.path),
            "adapter": adapter.map { .string($0.path) } ?? .null,
            "rows": .int(evaluation.rows), "samples_per_row": .int(evaluation.samplesPerRow),
            "metrics": .object(metrics),
            "samples": .array(evaluation.samples.map(Self.sample)),
        ]
    }

    private static func sample(_ sample: EvaluationSample) -> JSONValue {
        var components = JSONObject()
        for component in sample.verdict.components {
            components[component.name] = component.score.map(JSONValue.double) ?? .null
        }
        return [
            "row": .int(sample.row.index), "prompt": .string(sample.prompt),
            "completion": .string(sample.completion),
            "total": sample.verdict.reward.map { .double($0.total) } ?? .null,
            "components": .object(components),
        ]
    }
}
