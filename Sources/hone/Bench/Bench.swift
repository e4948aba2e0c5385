import ArgumentParser
import Foundation
import HoneCore
import HoneInference
import HoneModels
import HoneTraining
import Torch

/// `hone bench`: times GRPO steps of a model folder against what this machine could do.
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Time GRPO steps of a model and compare them with the machine's limits.",
        discussion: """
            Draws completions of full length for synthetic prompts and updates on them, --steps times. \
            Generation cannot be faster than reading every weight once per token step at the memory \
            speed measured in this run, nor than its matrix operations at the matrix rate measured in \
            this run; the update not than its necessary matrix operations. The shares say how near \
            the work came to each.
            """)

    @Option(help: ArgumentHelp("Folder in Hugging Face layout.", valueName: "folder")) var model:
        String
    @Option(help: "auto, f32 or bf16.") var dtype = DTypeChoice.automatic
    @Option(help: "Prompts a step.") var numPrompts = 4
    @Option(help: "Completions a prompt.") var numGenerations = 8
    @Option(help: "Tokens of a completion.") var maxCompletionLength = 64
    @Option(help: "Steps; the first warms up and is left out when there are several.") var steps = 3
    @Option(help: "Rank of a LoRA adapter; 0 trains every weight.") var rank = 16
    @Option(
        help:
            "none, or nf4: keep the weights under the adapter in four bits, as a recipe's quantization."
    )
    var quantization = TrainingConfig.Quantization.none
    @Option(help: "Weight of the KL term.") var beta = 0.04
    @Option(help: "none or int8: what completions are drawn in.")
    var rolloutQuantization = SamplingConfig.RolloutQuantization.none
    @Option(
        help: ArgumentHelp(
            "auto, false, or the memory for what the update takes over from the sampler.",
            valueName: "bytes"))
    var activationReuse = ActivationReuse.automatic
    @Flag(help: "Print one JSON object on standard output.") var json = false

    func validate() throws {
        guard quantization != .none else { return }
        if rank == 0 {
            throw ValidationError(
                "--quantization nf4: weights in four bits cannot be trained themselves; "
                    + "give --rank above 0")
        }
        if rolloutQuantization != .none {
            throw ValidationError(
                "--quantization nf4: weights in four bits are not coded a second time; "
                    + "leave out --rollout-quantization")
        }
    }

    func run() async throws {
        let work = BenchWork(
            folder: model, dtype: dtype, prompts: numPrompts, group: numGenerations,
            length: maxCompletionLength, steps: steps, rank: rank == 0 ? nil : rank,
            quantization: quantization, beta: beta, rolloutQuantization: rolloutQuantization,
            activationReuse: activationReuse)
        let result = try await work.measure { line in
            FileHandle.standardError.write(Data((line + "\n").utf8))
        }
        print(json ? result.json.text() : result.table)
    }
}

extension DTypeChoice: ExpressibleByArgument {}
extension TrainingConfig.Quantization: ExpressibleByArgument {}
extension SamplingConfig.RolloutQuantization: ExpressibleByArgument {}

extension ActivationReuse: ExpressibleByArgument {
    /// What a recipe's `memory.activation_reuse` takes.
    public init?(argument: String) {
        switch argument {
        case "auto": self = .automatic
        case "false": self = .off
        default:
            guard let bytes = ByteCount(argument) else { return nil }
            self = .upTo(bytes)
        }
    }

    public var defaultValueDescription: String { configJSON.stringValue ?? configJSON.text() }
}
