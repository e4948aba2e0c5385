import Foundation
import HoneCore
import TestSupport
import Testing
import Torch

@testable import HoneModels

@Suite struct AdapterFileTests {
    let tokens = [9, 33, 12, 60, 41, 8, 8, 27, 50, 19]

    func logits(_ model: DecoderModel) throws -> Tensor {
        try withoutGradients { try model.logits(ofSequence: Tensor(tokens)) }
    }

    /// Makes B other than zero, so that the adapter does something.
    func disturb(_ model: DecoderModel) throws {
        try withoutGradients {
            for (index, parameter) in model.trainableParameters.enumerated() {
                let noise = try Tensor.randn(parameter.tensor.shape, seed: UInt64(index))
                try parameter.tensor.add_(noise, scale: 0.1)
            }
        }
    }

    @Test(arguments: ["llama-three", "phi4-mini", "gemma3-multimodal"])
    func savedAdapterLoadsWithEqualLogits(_ name: String) throws {
        let parity = try ParityCase.named(name)
        let scratch = try ScratchFolder()
        let model = try parity.model()
        try model.addAdapter(
            LoRAConfig(rank: 3, alpha: 5, dropout: 0.1, scaling: .rankStabilized), seed: 7)
        try disturb(model)
        try AdapterFile.save(
            model, folder: scratch.url, baseModel: name, trainedOn: model.quantization)

        let other = try parity.model()
        try AdapterFile.load(folder: scratch.url, into: other)
        let distance = try distance(logits(other), logits(model))
        #expect(distance == 0)
        #expect(other.adapterConfig?.scaling == .rankStabilized)
        #expect(other.adapterConfig?.dropout == 0.1)
    }

    /// What the adapter adds fits the base it was trained on; on the same weights kept otherwise it is
    /// loaded all the same, and the model says so.
    @Test func anAdapterKnowsHowItsBaseWasKept() throws {
        let folder = try ParityCase.named("qwen2-tied").folder
        func model(_ base: BaseQuantization) throws -> DecoderModel {
            try DecoderModel.load(folder: folder, dtype: .float32, quantization: base)
        }
        for (trained, other) in [(BaseQuantization.nf4, BaseQuantization.none), (.none, .nf4)] {
            let scratch = try ScratchFolder()
            let policy = try model(trained)
            #expect(policy.quantization == trained && policy.adapterBase == nil)
            try policy.addAdapter(LoRAConfig(rank: 2), seed: 1)
            #expect(policy.baseMismatch == nil)
            try AdapterFile.save(
                policy, folder: scratch.url, baseModel: "x", trainedOn: policy.adapterBase)
            let same = try model(trained)
            try AdapterFile.load(folder: scratch.url, into: same)
            #expect(same.adapterBase == trained && same.baseMismatch == nil)
            let apart = try model(other)
            try AdapterFile.load(folder: scratch.url, into: apart)
            let mismatch = try #require(apart.baseMismatch)
            #expect(mismatch == BaseMismatch(trained: trained, loaded: other))
            #expect("\(mismatch)".contains("--quantization \(trained.rawValue) "))
            // peft's own folders say nothing, and nothing is guessed.
            let record = scratch.url.appending(path: AdapterRecord.name)
            try Data(#"{"base_quantization": "int4"}"#.utf8).write(to: record)
            #expect(throws: ModelError.self) {
                try AdapterFile.load(folder: scratch.url, into: apart)
            }
            try FileManager.default.removeItem(at: record)
            // A pipe that nobody writes to is not waited for.
            #expect(mkfifo(record.path, 0o600) == 0)
            #expect(throws: ModelError.self) {
                try AdapterFile.load(folder: scratch.url, into: apart)
            }
            try FileManager.default.removeItem(at: record)
            try AdapterFile.load(folder: scratch.url, into: apart)
            #expect(apart.adapterBase == nil && apart.baseMismatch == nil)
        }
    }

    @Test func newAdapterChangesNothing() throws {
        let model = try ParityCase.named("qwen2-tied").model()
        let before = try logits(model)
        try model.addAdapter(LoRAConfig(rank: 4, alpha: 8), seed: 1)
        let distance = try distance(logits(model), before)
        #expect(distance < 1e-5)
        // 7 projections in 2 layers, A and B each.
        #expect(model.trainableParameters.count == 28)
        // peft's bound: ±1/√I; I = 32 for q_proj.
        let down = try #require(model.trainableParameters.first).tensor
        let largest = try down.abs().amax().item()
        #expect(largest <= 1 / 32.0.squareRoot() && largest > 0.15)
    }

    @Test func seedAloneDecidesTheStart() throws {
        func first(_ seed: UInt64) throws -> [Float] {
            let model = try ParityCase.named("qwen2-tied").model()
            try model.addAdapter(LoRAConfig(rank: 4, alpha: 8), seed: seed)
            return try #require(model.trainableParameters.first).tensor.floats()
        }
        #expect(try first(1) == first(1))
        #expect(try first(1) != first(2))
    }

    @Test func targetsMayBeNamedByTheirLastName() throws {
        let model = try ParityCase.named("llama-two").model()
        try model.addAdapter(
            LoRAConfig(rank: 2, alpha: 2, targets: .names(["o_proj", "layers.1.mlp.up_proj"])),
            seed: 0)
        #expect(
            model.adapters.map(\.name) == [
                "model.layers.0.self_attn.o_proj", "model.layers.1.self_attn.o_proj",
                "model.layers.1.mlp.up_proj",
            ])
        let error = #expect(throws: ModelError.self) {
            try model.addAdapter(LoRAConfig(targets: .names(["query"])), seed: 0)
        }
        #expect("\(try #require(error))".contains("q_proj"))
    }

    @Test func headCanHaveAnAdapter() throws {
        let model = try ParityCase.named("llama-two").model()
        try model.addAdapter(LoRAConfig(rank: 2, alpha: 2, targets: .names(["lm_head"])), seed: 0)
        try disturb(model)
        let tokens = try Tensor(tokens)
        let context = try PackedAttention(layout: PackedLayout(sequences: [tokens.count]))
        let hidden = try model.hiddenStates(tokens: tokens, context: context)
        let direct = try model.logits(hidden).logSoftmax().gather(1, tokens.unsqueeze(1)).squeeze(1)
        let chunked = try model.logProbabilities(hidden, targets: tokens).logProbabilities
        let distance = try distance(chunked, direct)
        #expect(distance < 1e-5)
        try chunked.sum().backward()
        let parameters = model.trainableParameters
        #expect(parameters.count == 2 && parameters.allSatisfy { $0.tensor.gradient != nil })
    }

    @Test func dropoutDependsOnItsSeedAlone() throws {
        let model = try ParityCase.named("qwen2-tied").model()
        try model.addAdapter(LoRAConfig(rank: 4, alpha: 8, dropout: 0.5), seed: 1)
        try disturb(model)
        let without = try logits(model).floats()
        model.dropoutSeed = 3
        let first = try logits(model).floats()
        #expect(try logits(model).floats() == first)
        #expect(first != without)
        model.dropoutSeed = 4
        #expect(try logits(model).floats() != first)
    }

    @Test(arguments: ["llama-linear", "phi3-long", "gemma2-caps", "gemma3-multimodal"])
    func mergedModelComputesTheSame(_ name: String) throws {
        let parity = try ParityCase.named(name)
        let scratch = try ScratchFolder()
        let model = try parity.model()
        try model.addAdapter(LoRAConfig(rank: 4, alpha: 8), seed: 1)
        try disturb(model)
        try ModelFolder.save(model, folder: scratch.url, source: parity.folder)
        let expected = try logits(model)

        let saved = try DecoderModel.load(folder: scratch.url)
        let savedDistance = try distance(logits(saved), expected)
        #expect(savedDistance < 1e-4)
        try model.mergeAdapter()
        let mergedDistance = try distance(logits(model), expected)
        #expect(mergedDistance < 1e-4)
        #expect(model.adapterConfig == nil)
    }

    /// As the cache of downloads from the hub has them.
    @Test func filesBehindLinksAreCopiedIntoASavedFolder() throws {
        let parity = try ParityCase.named("qwen2-tied")
        let scratch = try ScratchFolder()
        let files = FileManager.default
        let source = scratch.url.appending(path: "snapshot")
        let target = scratch.url.appending(path: "saved")
        try files.createDirectory(at: source, withIntermediateDirectories: true)
        for name in try files.contentsOfDirectory(atPath: parity.folder.path) {
            try files.createSymbolicLink(
                at: source.appending(path: name),
                withDestinationURL: parity.folder.appending(path: name))
        }
        let blob = try scratch.file("blob", "{\"model\": {}}")
        try files.createSymbolicLink(
            at: source.appending(path: "tokenizer.json"), withDestinationURL: blob)
        // What is no file is not copied.
        try files.createDirectory(
            at: source.appending(path: "notes.txt"), withIntermediateDirectories: true)
        try ModelFolder.save(parity.model(), folder: target, source: source)
        let copy = target.appending(path: "tokenizer.json")
        #expect(try Data(contentsOf: copy) == Data(contentsOf: blob))
        #expect(
            try files.attributesOfItem(atPath: copy.path)[.type] as? FileAttributeType
                == .typeRegular)
        #expect(!files.fileExists(atPath: target.appending(path: "notes.txt").path))
    }

    @Test func modelFromNothingCanBeSavedAndLoaded() throws {
        let parity = try ParityCase.named("qwen2-tied")
        let scratch = try ScratchFolder()
        var config = try ModelConfig(folder: parity.folder)
        config.initializerRange = 0.05
        let model = try DecoderModel.random(config: config, seed: 5)
        let table = try #require(model.embedding.trainable)
        // 67 · 32 draws of deviation 0.05: their own is within 5 % of it.
        let deviation = try table.square().mean().item().squareRoot()
        #expect(abs(deviation - 0.05) < 0.0025)
        #expect(try model.norm.weight.floats().allSatisfy { $0 == 1 })
        let configFile = parity.folder.appending(path: "config.json")
        try ModelFolder.save(
            model, folder: scratch.url, source: parity.folder,
            configuration: ModelConfig.object(at: configFile.path))
        let distance = try distance(logits(DecoderModel.load(folder: scratch.url)), logits(model))
        #expect(distance == 0)
        let again = try DecoderModel.random(config: config, seed: 5)
        #expect(try again.embedding.trainable?.floats() == table.floats())
        let other = try DecoderModel.random(config: config, seed: 6)
        #expect(try other.embedding.trainable?.floats() != table.floats())
    }

    @Test func frozenCopyKeepsWhatItWas() throws {
        let model = try ParityCase.named("gemma3-pattern").model()
        model.unfreeze()
        let copy = try model.frozenCopy()
        let before = try logits(copy)
        try withoutGradients {
            for parameter in model.trainableParameters { try parameter.tensor.add_(1) }
        }
        let distance = try distance(logits(copy), before)
        #expect(distance == 0)
        #expect(copy.trainableParameters.isEmpty)
    }

    @Test func refusesWhatItDoesNotDo() throws {
        let parity = try ParityCase.named("llama-two")
        let scratch = try ScratchFolder()
        let folder = scratch.url.appending(path: "adapter")
        try FileManager.default.copyItem(at: parity.adapterFolder, to: folder)
        let file = folder.appending(path: "adapter_config.json")
        let text = try String(contentsOf: file, encoding: .utf8)
        for (from, to, name) in [
            ("\"use_dora\": false", "\"use_dora\": true", "use_dora"),
            ("\"bias\": \"none\"", "\"bias\": \"all\"", "bias"),
            ("\"r\": 4", "\"r\": 5", "lora_A"),
            ("\"peft_type\": \"LORA\"", "\"peft_type\": \"LOHA\"", "LOHA"),
            ("\"rank_pattern\": {}", "\"rank_pattern\": {\"layers.(0\": 2}", "layers.(0"),
            ("\"revision\": null", "\"new_trick\": 1", "new_trick"),
        ] {
            try Data(text.replacing(from, with: to).utf8).write(to: file)
            let model = try parity.model()
            let error = #expect(throws: ModelError.self) {
                try AdapterFile.load(folder: folder, into: model)
            }
            #expect("\(try #require(error))".contains(name))
        }
    }

    @Test func refusesAnAdapterOfAnotherModel() throws {
        let model = try ParityCase.named("phi3-long").model()
        let error = #expect(throws: ModelError.self) {
            try AdapterFile.load(
                folder: ParityCase.named("llama-two").adapterFolder, into: model)
        }
        #expect("\(try #require(error))".contains("q_proj"))
        #expect(model.adapterConfig == nil)
    }
}
