import Foundation
import HoneCore
import TestSupport
import Testing
import Torch

@testable import HoneModels

/// Model folders that do not hold together.
@Suite struct WeightReaderTests {
    /// Loads a copy of "llama-two" whose weights or configuration `change` has spoilt.
    func complaint(
        config change: (String) -> String = { $0 },
        weights: (inout [String: Tensor]) throws -> Void = { _ in }
    ) throws -> String {
        let source = try ParityCase.named("llama-two").folder
        let scratch = try ScratchFolder()
        let folder = scratch.url
        let text = try String(
            contentsOf: source.appending(path: "config.json"), encoding: .utf8)
        try Data(change(text).utf8).write(to: folder.appending(path: "config.json"))
        let reader = try SafeTensorsReader(source)
        var tensors: [String: Tensor] = [:]
        for name in reader.names { tensors[name] = try reader.tensor(name) }
        try weights(&tensors)
        try SafeTensorsWriter.write(
            tensors.map { (name: $0.key, tensor: $0.value) },
            to: folder.appending(path: "model.safetensors"))
        do {
            _ = try DecoderModel.load(folder: folder)
            return "nothing"
        } catch {
            return "\(error)"
        }
    }

    @Test func acceptsWhatIsWhole() throws {
        #expect(try complaint() == "nothing")
    }

    @Test func namesAMissingTensor() throws {
        let text = try complaint(weights: { $0["model.layers.1.mlp.up_proj.weight"] = nil })
        #expect(text.contains("\"model.layers.1.mlp.up_proj.weight\""))
    }

    @Test func namesATensorOfAnotherShape() throws {
        let text = try complaint(
            config: { $0.replacing("\"intermediate_size\": 24", with: "\"intermediate_size\": 25") }
        )
        #expect(text.contains("gate_proj.weight") && text.contains("[24, 32]"))
        #expect(text.contains("[25, 32]"))
    }

    @Test func namesTensorsItHasNoPlaceFor() throws {
        let text = try complaint(weights: {
            $0["model.layers.0.self_attn.q_norm.weight"] = try Tensor.ones([8])
        })
        #expect(text.contains("q_norm"))
    }

    @Test func passesOverTablesOfOldFiles() throws {
        #expect(
            try complaint(weights: {
                $0["model.layers.0.self_attn.rotary_emb.inv_freq"] = try Tensor.ones([4])
            }) == "nothing")
    }

    @Test(arguments: [Float.nan, .infinity])
    func namesATensorThatIsNotFinite(_ value: Float) throws {
        let text = try complaint(weights: {
            let bad = try Tensor.zeros([32], dtype: .bfloat16)
            try bad.narrow(0, 3, 1).fill_(value)
            $0["model.norm.weight"] = bad
        })
        #expect(text.contains("\"model.norm.weight\"") && text.contains("NaN"))
    }

    /// 24 · 32 weights of 100 add up to 76800, which float16 does not hold: it ends at 65504.
    @Test(
        arguments: [
            (nil, "nothing"), (Float.nan, "\"model.layers.0.mlp.up_proj.weight\""),
            (Float.infinity, "\"model.layers.0.mlp.up_proj.weight\""),
        ] as [(Float?, String)])
    func sumsInFloat16DecideNothing(spoilt: Float?, expected: String) throws {
        let text = try complaint(weights: {
            let large = try Tensor.full([24, 32], 100, dtype: .float16)
            if let spoilt { try large.narrow(0, 3, 1).fill_(spoilt) }
            $0["model.layers.0.mlp.up_proj.weight"] = large
        })
        #expect(text.contains(expected), "\(text)")
    }

    @Test func fewerLayersThanTheFileHoldsIsAnError() throws {
        let text = try complaint(
            config: { $0.replacing("\"num_hidden_layers\": 2", with: "\"num_hidden_layers\": 1") })
        #expect(text.contains("model.layers.1."))
    }
}
