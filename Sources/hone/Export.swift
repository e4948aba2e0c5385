import ArgumentParser
import Foundation
import HoneCore
import HoneModels
import HoneTraining
import OrderedCollections
import Torch

struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a trained policy out for other programs, and check what was written.",
        discussion: """
            merged is a model folder that transformers loads, the adapter merged in; adapter is the \
            adapter in PEFT's format; gguf is one file for llama.cpp (families llama, qwen2 and qwen3 \
            with a byte-level BPE tokenizer that llama.cpp knows).

            What was written is loaded again, and log-probabilities of some texts are compared with the \
            policy's. Where they differ by more than rounding explains, nothing is kept and the exit \
            code is not 0. A policy trained on a base in four bits is loaded with --quantization nf4; \
            its merged weights are the values of those four bits plus the adapter.

            Example:
              hone export --model DIR --adapter .hone/runs/NAME/adapter --output merged
              hone export --model DIR --format gguf --type q8_0 --output model.gguf
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case merged, adapter, gguf }
    enum Kind: String, ExpressibleByArgument, CaseIterable { case f32, bf16, f16, q8_0 }
    enum Quantization: String, ExpressibleByArgument, CaseIterable { case none, nf4 }

    @Option(help: "The model folder that was trained, or the base of the adapter.")
    var model: String

    @Option(help: "A folder with an adapter in PEFT's format.")
    var adapter: String?

    @Option(help: "merged, adapter or gguf.")
    var format = Format.merged

    @Option(
        help: "merged: f32, bf16 or f16, default bf16. gguf: f16 or q8_0, default f16.")
    var type: Kind?

    @Option(help: "How the base was kept in training: none or nf4.")
    var quantization = Quantization.none

    @Option(help: "Where to write: a folder, or a file for gguf. Must not exist.")
    var output: String

    @Flag(help: "Print the comparison as JSON.")
    var json = false

    func validate() throws {
        _ = try form
        if format == .adapter, adapter == nil {
            throw ValidationError("--format adapter needs --adapter")
        }
    }

    private var form: ModelExport.Form {
        get throws {
            switch (format, type) {
            case (.merged, nil), (.merged, .bf16): return .merged(.bfloat16)
            case (.merged, .f32): return .merged(.float32)
            case (.merged, .f16): return .merged(.float16)
            case (.gguf, nil), (.gguf, .f16): return .gguf(.f16)
            case (.gguf, .q8_0): return .gguf(.q8_0)
            case (.adapter, nil): return .adapter
            case (.merged, .q8_0): throw ValidationError("--type q8_0 belongs to --format gguf")
            case (.gguf, _): throw ValidationError("--format gguf takes --type f16 or q8_0")
            case (.adapter, _): throw ValidationError("an adapter is written in f32; leave --type")
            }
        }
    }

    func run() throws {
        let kept: BaseQuantization = quantization == .nf4 ? .nf4 : .none
        // In f32, so that what differs comes from the export and not from computing.
        let policy = try LanguageModel(
            folder: URL(filePath: model), adapter: adapter.map { URL(filePath: $0) },
            dtype: .float32, device: .cpu, quantization: kept)
        if let mismatch = policy.model.baseMismatch {
            StandardError.write(line: "warning: \(mismatch)")
        }
        let report = try ModelExport(form, quantization: kept)
            .write(policy, to: URL(filePath: output))
        guard json else {
            let mean = String(format: "%.2g", report.meanDifference)
            let largest = String(format: "%.2g", report.largestDifference)
            print(
                "\(output): log-probabilities of \(report.tokens) tokens differ by \(mean) nats on "
                    + "average, \(largest) at most (allowed: \(report.tolerance) on average)")
            return
        }
        let row: JSONObject = [
            "output": .string(output), "tokens": .int(report.tokens),
            "mean_difference": .double(report.meanDifference),
            "max_difference": .double(report.largestDifference),
            "tolerance": .double(report.tolerance),
        ]
        print(JSONValue.object(row).text())
    }
}
