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

    /// Makes logits `factor` times as large, so that what rounding changes of them is no longer small.
    private static func sharpen(_ language: LanguageModel, by factor: Double) throws {
        let weights = try language.model.publishedParameters()
        let norm = try #require(weights.first { $0.name == "model.norm.weight" }?.tensor)
        try withoutGradients { _ = try norm.copy_(norm * factor) }
    }

    private func expectNothingIsKept(_ form: ModelExport.Form, _ policy: LanguageModel) throws {
        let output = scratch.url.appending(path: "export")
        let error = #expect(throws: ExportError.self) {
            try ModelExport(form).write(policy, to: output)
        }
        guard case .differs(let mean, _, let tolerance) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(mean > tolerance)
        #expect(!FileManager.default.fileExists(atPath: output.path))
    }

    @Test func aMergedModelThatRoundingMakesAnotherPolicyIsNotKept() throws {
        let language = try policy()
        try Self.sharpen(language, by: 10)
        try expectNothingIsKept(.merged(.bfloat16), language)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.url.path).isEmpty)
        let exact = try ModelExport(.merged(.float32))
            .write(language, to: scratch.url.appending(path: "export"))
        #expect(exact.meanDifference <= exact.tolerance)
    }

    /// A random model with a tokenizer that llama.cpp knows.
    @Test func aFileForLlamaCppIsReadAgainAndNotKeptWhereItDiffers() throws {
        let folder = scratch.url.appending(path: "model")
        try scratch.file(
            "model/config.json",
            """
            {"model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"], "vocab_size": 960,
             "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
             "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 256,
             "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "hidden_act": "silu",
             "tie_word_embeddings": true, "initializer_range": 0.1, "eos_token_id": 902}
            """)
        for name in ["tokenizer.json", "tokenizer_config.json"] {
            try FileManager.default.copyItem(
                at: Fixtures.url("tokenizers/qwen2/\(name)"), to: folder.appending(path: name))
        }
        try ModelFolder.save(
            DecoderModel.random(config: ModelConfig(folder: folder), seed: 3), folder: folder,
            source: folder)
        let language = try LanguageModel(folder: folder, dtype: .float32, device: .cpu)
        for encoding in GGUFEncoding.allCases {
            let report = try ModelExport(.gguf(encoding))
                .write(language, to: scratch.url.appending(path: "\(encoding.rawValue).gguf"))
            #expect(report.meanDifference > 0 && report.meanDifference <= report.tolerance)
        }
        try Self.sharpen(language, by: 300)
        try expectNothingIsKept(.gguf(.q8_0), language)
    }

    /// Countdown's tokenizer splits text in a way of its own, which llama.cpp has no name for.
    @Test func aTokenizerUnknownToLlamaCppIsRefused() throws {
        #expect(throws: GGUFError.self) {
            try ModelExport(.gguf(.f16))
                .write(policy(), to: scratch.url.appending(path: "model.gguf"))
        }
    }
}
