import ArgumentParser
import Foundation
import HoneCore
import HoneInference
import HoneModels
import HoneTraining
import Torch

/// Which model a command works with, and on what.
struct ModelOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A model folder in Hugging Face layout.", valueName: "folder"))
    var model: String

    @Option(
        help: ArgumentHelp(
            "A folder with an adapter in PEFT's format, put onto the model.", valueName: "folder"))
    var adapter: String?

    @Option(
        help: """
            f32, bf16, or auto: bf16 where the processor or GPU is fast at it. Default: auto.
            """,
        transform: ModelOptions.dtype)
    var dtype = DTypeChoice.automatic

    @Option(
        help: "cpu, cuda, cuda:N, mps, or auto: a GPU if there is one. Default: auto.",
        transform: ModelOptions.device)
    var device = DeviceChoice.automatic

    @Option(
        help: """
            none, or nf4: keep the model's weights in four bits, as a recipe's quantization does. \
            An adapter trained on such weights wants them again. Default: none.
            """,
        transform: ModelOptions.quantization)
    var quantization = BaseQuantization.none

    @Option(help: "CPU threads; default: one for each core.")
    var threads: Int?

    func validate() throws {
        if let threads, threads < 1 { throw ValidationError("--threads must be at least 1") }
    }

    func load() throws -> LanguageModel {
        let device = try chosenDevice()
        if let threads { try setThreadCount(threads) }
        if let fault = FolderFault(ofModel: URL(filePath: model)) {
            throw ValidationError("--model \(model): \(fault.reason)")
        }
        if let adapter, let fault = FolderFault(ofAdapter: URL(filePath: adapter)) {
            throw ValidationError("--adapter \(adapter): \(fault.reason)")
        }
        let language = try LanguageModel(
            folder: URL(filePath: model), adapter: adapter.map { URL(filePath: $0) },
            dtype: chosenDType(on: device), device: device,
            quantization: quantization)
        if let mismatch = language.model.baseMismatch {
            StandardError.write(line: "warning: \(mismatch)")
        }
        return language
    }

    private func chosenDevice() throws -> Device {
        device == .automatic ? Device.preferred : try Device(device)
    }

    private func chosenDType(on device: Device) -> DType {
        switch dtype {
        case .float32: .float32
        case .bfloat16: .bfloat16
        case .automatic:
            device != .cpu || CPUFeature.amxBF16.isPresent || CPUFeature.avx512BF16.isPresent
                ? .bfloat16 : .float32
        }
    }

    private static func dtype(_ text: String) throws -> DTypeChoice {
        guard let choice = DTypeChoice(rawValue: text) else {
            throw ValidationError("'\(text)' is none of auto, f32, bf16")
        }
        return choice
    }

    private static func quantization(_ text: String) throws -> BaseQuantization {
        guard let choice = BaseQuantization(rawValue: text) else {
            let known = BaseQuantization.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("'\(text)' is none of \(known)")
        }
        return choice
    }

    private static func device(_ text: String) throws -> DeviceChoice {
        guard let choice = DeviceChoice(text) else {
            throw ValidationError("'\(text)' is none of auto, cpu, cuda, cuda:N, mps")
        }
        return choice
    }
}
