import Foundation
import HoneCore
import TestSupport
import Testing
import Torch

@testable import HoneModels

/// One folder of `Tests/Fixtures/models`: a random model and what transformers says of it.
struct ParityCase: Sendable, CustomTestStringConvertible {
    let name: String
    /// Mean distance of transformers' own bfloat16 logits from its float32 ones, and the largest.
    let bfloat16Error: (mean: Double, max: Double)?

    var testDescription: String { name }
    var folder: URL { Fixtures.url("models/\(name)") }
    var adapterFolder: URL { folder.appending(path: "adapter") }

    static let all: [ParityCase] = {
        do {
            let manifest = try JSONValue(parsing: [UInt8](Fixtures.data("models/manifest.json")))
            return manifest["cases"]?.objectValue?.map { name, facts in
                let error = facts["bfloat16"]
                let mean = error?["mean"]?.doubleValue
                let max = error?["max"]?.doubleValue
                return ParityCase(
                    name: name, bfloat16Error: mean.flatMap { mean in max.map { (mean, $0) } })
            } ?? []
        } catch {
            fatalError("Tests/Fixtures/models/manifest.json: \(error)")
        }
    }()

    static func named(_ name: String) throws -> ParityCase {
        try #require(all.first { $0.name == name })
    }

    func model(dtype: DType = .float32) throws -> DecoderModel {
        try DecoderModel.load(folder: folder, dtype: dtype)
    }

    func expected() throws -> SafeTensorsReader {
        try SafeTensorsReader(folder.appending(path: "expected.safetensors"))
    }
}

extension DecoderModel {
    /// Logits of one plain sequence, [T, V].
    func logits(ofSequence tokens: Tensor) throws -> Tensor {
        let context = try PackedAttention(layout: PackedLayout(sequences: [tokens.count]))
        return try logits(hiddenStates(tokens: tokens, context: context))
    }

    /// The loss of the fixtures: -Σ weight · log p(next token) / (T - 1).
    func loss(tokens: Tensor, weights: Tensor) throws -> Tensor {
        let count = tokens.count
        let context = try PackedAttention(layout: PackedLayout(sequences: [count]))
        let hidden = try hiddenStates(tokens: tokens, context: context)
        let picked = try logProbabilities(
            hidden.narrow(0, 0, count - 1), targets: tokens.narrow(0, 1, count - 1)
        ).logProbabilities
        return try -((picked * weights).sum() / Double(count - 1))
    }
}

/// The largest distance between two tensors' elements.
func distance(_ a: Tensor, _ b: Tensor) throws -> Double {
    try (a.to(.float32) - b.to(.float32)).abs().amax().item()
}

/// ‖a - b‖ / ‖b‖.
func relativeDistance(_ a: Tensor, _ b: Tensor) throws -> Double {
    let (a, b) = (try a.to(.float64), try b.to(.float64))
    return try ((a - b).square().sum().item() / b.square().sum().item()).squareRoot()
}
