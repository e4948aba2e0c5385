import Foundation
import HoneCore
import TestSupport
import Testing
import Torch

@testable import HoneModels

/// Writes what `Tools/check-exports` loads with peft, transformers and gguf. Runs only when asked:
///
///     HONE_EXPORT=FOLDER swift test --filter ExportTests
///     .deps/fixtures-venv/bin/python Tools/check-exports FOLDER
@Suite struct ExportTests {
    static let folder = ProcessInfo.processInfo.environment["HONE_EXPORT"]

    @Test(
        .enabled(if: folder != nil),
        arguments: ParityCase.all.filter { $0.name != "gemma3-multimodal" })
    func exportsAdaptersAndMergedModels(_ parity: ParityCase) throws {
        let folder = URL(filePath: try #require(Self.folder)).appending(path: parity.name)
        let model = try parity.model()
        try model.addAdapter(
            LoRAConfig(rank: 3, alpha: 5, rankPattern: ["o_proj": 2], alphaPattern: ["o_proj": 7]),
            seed: 3)
        try withoutGradients {
            for (index, parameter) in model.trainableParameters.enumerated() {
                let noise = try Tensor.randn(parameter.tensor.shape, seed: UInt64(index))
                try parameter.tensor.add_(noise, scale: 0.1)
            }
        }
        let tokens = try parity.expected().tensor("tokens")
        let logits = try withoutGradients { try model.logits(ofSequence: tokens) }
        try AdapterFile.save(
            model, folder: folder.appending(path: "adapter"), baseModel: parity.folder.path,
            trainedOn: model.quantization)
        try ModelFolder.save(
            model, folder: folder.appending(path: "merged"), source: parity.folder)
        try SafeTensorsWriter.write(
            [(name: "tokens", tensor: tokens), (name: "logits", tensor: logits)],
            to: folder.appending(path: "ours.safetensors"))
    }

    @Test(.enabled(if: folder != nil), arguments: GGUFCase.all)
    func exportsFilesForLlamaCpp(_ gguf: GGUFCase) throws {
        let folder = URL(filePath: try #require(Self.folder))
            .appending(path: "gguf/\(gguf.fixture)")
        try gguf.make(in: folder)
        let model = try GGUFCase.adapted(folder)
        let tokens = try Tensor([9, 33, 512, 60, 899, 8, 8, 270, 50, 19])
        for encoding in GGUFEncoding.allCases {
            try GGUFFile(model, source: folder, encoding: encoding, name: gguf.fixture)
                .write(to: folder.appending(path: "\(encoding.rawValue).gguf"))
        }
        let logits = try withoutGradients { try model.logits(ofSequence: tokens) }
        try SafeTensorsWriter.write(
            [(name: "tokens", tensor: tokens), (name: "logits", tensor: logits)],
            to: folder.appending(path: "ours.safetensors"))
    }
}
