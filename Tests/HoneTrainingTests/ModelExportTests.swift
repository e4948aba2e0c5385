import Foundation
import HoneCore
import HoneModels
import TestSupport
import Testing
import Torch

@testable import HoneTraining

@Suite struct ModelExportTests {
    private let scratch: ScratchFolder

    init() throws { scratch = try ScratchFolder() }

    /// Countdown's small model with an adapter that does something.
    private func policy(_ quantization: BaseQuantization = .none) throws -> LanguageModel {
        let language = try LanguageModel(
            folder: Fixtures.folder.appending(path: "../../Pretrained/countdown-tiny").standardized,
            dtype: .float32, device: .cpu, quantization: quantization)
        try language.model.addAdapter(LoRAConfig(rank: 4, alpha: 8), seed: 1)
        try withoutGradients {
            for (index, parameter) in language.model.trainableParameters.enumerated() {
                let noise = try Tensor.randn(parameter.tensor.shape, seed: UInt64(index))
                try parameter.tensor.add_(noise, scale: 0.02)
            }
        }
        return language
    }

    @Test(arguments: [
        ModelExport.Form.merged(.float32), .merged(.bfloat16), .merged(.float16), .adapter,
    ])
    func whatIsKeptGivesThePolicysLogProbabilities(_ form: ModelExport.Form) throws {
        let output = scratch.url.appending(path: "export")
        let report = try ModelExport(form).write(policy(), to: output)
        #expect(report.tokens > 100)
        #expect(report.meanDifference <= report.tolerance)
        if form == .adapter { #expect(report.largestDifference == 0) }
        if form == .merged(.bfloat16) { #expect(report.meanDifference > 0) }
        #expect(throws: ExportError.exists(path: output.path)) {
            try ModelExport(form).write(policy(), to: output)
        }
        // Nothing is left beside it.
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: scratch.url.path) == ["export"])
    }

    @Test func aMergedBaseInFourBitsIsThePolicy() throws {
        let report = try ModelExport(.merged(.float32), quantization: .nf4)
            .write(policy(.nf4), to: scratch.url.appending(path: "merged"))
        #expect(report.meanDifference < 1e-4)
        // The adapter alone goes back onto four bits.
        let adapter = try ModelExport(.adapter, quantization: .nf4)
            .write(policy(.nf4), to: scratch.url.appending(path: "adapter"))
        #expect(adapter.largestDifference == 0)
    }

    /// The adapter was trained on four bits; on the plain base it is another policy.
    @Test func anotherPolicyIsNotKept() throws {
        let output = scratch.url.appending(path: "adapter")
        #expect(throws: ExportError.self) {
            try ModelExport(.adapter, quantization: .none).write(policy(.nf4), to: output)
        }
        #expect(!FileManager.default.fileExists(atPath: output.path))
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.url.path).isEmpty)
    }

    /// Countdown's tokenizer splits text in a way of its own, which llama.cpp has no name for.
    @Test func aTokenizerUnknownToLlamaCppIsRefused() throws {
        #expect(throws: GGUFError.self) {
            try ModelExport(.gguf(.f16))
                .write(policy(), to: scratch.url.appending(path: "model.gguf"))
        }
    }
}
