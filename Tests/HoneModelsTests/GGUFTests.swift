import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing
import Torch

@testable import HoneModels

/// A small random model with a tokenizer, in a folder of its own.
struct GGUFCase: Sendable, CustomTestStringConvertible {
    let fixture: String
    let tokenizer: String
    let pre: String
    var testDescription: String { fixture }

    static let all = [
        GGUFCase(fixture: "llama-three", tokenizer: "llama3", pre: "llama-bpe"),
        GGUFCase(fixture: "qwen2-tied", tokenizer: "qwen2", pre: "qwen2"),
        GGUFCase(fixture: "qwen3-tied", tokenizer: "qwen3", pre: "qwen2"),
        GGUFCase(fixture: "smollm", tokenizer: "smollm", pre: "smollm"),
    ]

    /// Writes the folder; every size is a multiple of 32, the block of Q8_0.
    func make(in folder: URL) throws {
        let source = Fixtures.url("models/\(fixture)")
        var object = try ModelConfig.object(at: source.appending(path: "config.json").path)
        for (key, value) in [
            ("hidden_size", 64), ("intermediate_size", 96), ("num_attention_heads", 4),
            ("num_key_value_heads", 2), ("head_dim", 16), ("vocab_size", 960),
            ("num_hidden_layers", 2),
        ] { object[key] = .int(value) }
        object["initializer_range"] = 0.2
        let files = FileManager.default
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        let written = JSONValue.object(object).text(.indented)
        try Data(written.utf8).write(to: folder.appending(path: "config.json"))
        for name in ["tokenizer.json", "tokenizer_config.json"] {
            try files.copyItem(
                at: Fixtures.url("tokenizers/\(tokenizer)/\(name)"),
                to: folder.appending(path: name))
        }
        let model = try DecoderModel.random(config: ModelConfig(folder: folder), seed: 3)
        try withoutGradients {
            for parameter in try model.publishedParameters()
            where parameter.name.contains("norm") || parameter.name.hasSuffix("bias") {
                let noise = try Tensor.randn(parameter.tensor.shape, seed: 8)
                try parameter.tensor.add_(noise, scale: 0.1)
            }
        }
        try ModelFolder.save(model, folder: folder, source: folder)
    }

    /// The model of the folder with an adapter that does something.
    static func adapted(_ folder: URL) throws -> DecoderModel {
        let model = try DecoderModel.load(folder: folder)
        try model.addAdapter(LoRAConfig(rank: 3, alpha: 6), seed: 3)
        try withoutGradients {
            for (index, parameter) in model.trainableParameters.enumerated() {
                let noise = try Tensor.randn(parameter.tensor.shape, seed: UInt64(index))
                try parameter.tensor.add_(noise, scale: 0.1)
            }
        }
        return model
    }
}

@Suite struct GGUFTests {
    private let tokens = [9, 33, 512, 60, 899, 8, 8, 270, 50, 19]

    /// Written, read and put back into a model: f16 rounds each weight by 2^-11 of itself at most;
    /// Q8_0 by half of 1/127 of the largest of 32.
    @Test(arguments: GGUFCase.all, [(GGUFEncoding.f16, 0.002), (.q8_0, 0.04)])
    func aFileHoldsTheMergedModel(
        _ gguf: GGUFCase, _ expected: (encoding: GGUFEncoding, tolerance: Double)
    ) throws {
        let scratch = try ScratchFolder()
        try gguf.make(in: scratch.url)
        let model = try GGUFCase.adapted(scratch.url)
        let file = scratch.url.appending(path: "model.gguf")
        try GGUFFile(
            model, source: scratch.url, encoding: expected.encoding, name: "trial"
        ).write(to: file)

        let read = try GGUFFile(contentsOf: file)
        #expect(read.metadata["general.name"] == .string("trial"))
        #expect(read.metadata["tokenizer.ggml.pre"] == .string(gguf.pre))
        #expect(read.metadata["tokenizer.ggml.model"] == .string("gpt2"))
        guard case .strings(let names)? = read.metadata["tokenizer.ggml.tokens"],
            case .int32s(let kinds)? = read.metadata["tokenizer.ggml.token_type"]
        else { throw GGUFError.missingTensor("tokens") }
        #expect(names.count == 960 && Set(names).count == 960)
        #expect(kinds[0] == 1 && kinds[959] == 5 && names[959] == "[PAD959]" && kinds.contains(3))

        let again = try DecoderModel.load(folder: scratch.url)
        try read.load(into: again)
        let want = try withoutGradients { try model.logits(ofSequence: Tensor(tokens)) }
        let found = try withoutGradients { try again.logits(ofSequence: Tensor(tokens)) }
        // Root mean square error by the logits' deviation, as `Tools/check-exports` takes it.
        let error = try (found - want).square().mean().item().squareRoot()
        let distance = try error / want.flatten().variance(0).item().squareRoot()
        #expect(distance < expected.tolerance && distance > 0)
    }

    /// Two blocks worked by hand. Scale 2/127 from the largest, -2: 1 is 63.5 → 64 (halves go away
    /// from zero), and the scale is kept in f16.
    @Test func q8BlocksAreThoseOfGGML() throws {
        var numbers = [Float](repeating: 0, count: 64)
        numbers[0] = -2
        numbers[1] = 1
        let coded = try GGUFTensor(Tensor(numbers, shape: [1, 64]), .q8_0)
        #expect(coded.kind == .q8_0 && coded.bytes.count == 68)
        let bytes = [UInt8](coded.bytes)
        #expect(bytes[2] == UInt8(bitPattern: -127) && bytes[3] == 64 && bytes[4] == 0)
        let scale = Float(Float16(2.0 / 127))
        let values = try coded.values().floats()
        #expect(values[0] == -127 * scale && values[1] == 64 * scale)
        #expect(values[2...].allSatisfy { $0 == 0 })
    }

    @Test func whatCannotBeSaidExactlyIsRefused() throws {
        for name in ["gemma2-plain", "phi3-short", "mistral-nemo", "qwen2-window", "llama-yarn"] {
            let model = try ParityCase.named(name).model()
            #expect(throws: GGUFError.self, "\(name)") { try GGUFNames(model.config) }
        }
        let scratch = try ScratchFolder()
        try GGUFCase.all[1].make(in: scratch.url)
        let file = scratch.url.appending(path: "tokenizer.json")
        var text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        text = text.replacingOccurrences(of: #"|\\p{N}| ?"#, with: #"|\\p{N}{1,2}| ?"#)
        try Data(text.utf8).write(to: file)
        #expect(throws: GGUFError.self) {
            try GGUFTokenizer(folder: scratch.url, vocabularySize: 960)
        }
    }

    @Test func aDamagedFileIsNotRead() throws {
        let scratch = try ScratchFolder()
        try GGUFCase.all[1].make(in: scratch.url)
        let file = scratch.url.appending(path: "model.gguf")
        let model = try DecoderModel.load(folder: scratch.url)
        try GGUFFile(model, source: scratch.url, encoding: .f16, name: "x").write(to: file)
        let whole = try Data(contentsOf: file)
        for length in [2, 20, 300, whole.count / 2] {
            try whole.prefix(length).write(to: file)
            #expect(throws: GGUFError.self) { try GGUFFile(contentsOf: file) }
        }
    }
}
