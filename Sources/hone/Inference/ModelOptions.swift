import ArgumentParser
import Foundation
import HoneCore
import HoneInference
import HoneModels
import HoneTraining
import Torch

/// Which model a command works with, and on what.
struct ModelOptions: ParsableArguments {
    @Option(help: "A model folder in Hugging Face layout.")
    var model: String

    @Option(help: "A folder with an adapter in PEFT's format, put onto the model.")
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
        return try LanguageModel(
            folder: folder(model, "model"), adapter: adapter.map { try folder($0, "adapter") },
            dtype: chosenDType(on: device), device: device,
            quantization: quantization)
    }

    private func folder(_ path: String, _ what: String) throws -> URL {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
            isFolder.boolValue
        else { throw ValidationError("--\(what) \(path): there is no such folder") }
        return URL(filePath: path)
    }

    private func chosenDevice() throws -> Device {
        let chosen: Device =
            switch device {
            case .automatic: Device.preferred
            case .cpu: .cpu
            case .cuda(let number): .cuda(number)
            case .mps: .mps
            }
        guard chosen.isAvailable else {
            throw ValidationError("--device \(chosen): this machine or this libtorch has none")
        }
        return chosen
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
