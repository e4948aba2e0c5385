import Foundation
import HoneCore
import TestSupport
import Testing
import Torch

/// The steps of sampling against transformers' own logits processors.
@Suite struct WarperTests {
    @Test func agreesWithTransformers() throws {
        let fixture = try JSONValue(
            parsing: [UInt8](Fixtures.data("inference/warpers.json")))
        let values = try #require(fixture["logits"]?.arrayValue).compactMap(\.doubleValue)
        let seen = try #require(fixture["seen"]?.arrayValue).compactMap(\.intValue).map(Int32.init)
        let cases = try #require(fixture["cases"]?.arrayValue)
        let tolerance = try #require(fixture["tolerance"]?.doubleValue)
        let logits = try Tensor(values, shape: [1, values.count]).to(.float32)
        #expect(cases.count == 8)
        for example in cases {
            let kept = try #require(example["kept"]?.arrayValue).compactMap(\.intValue)
            let logs = try #require(example["log_probabilities"]?.arrayValue)
                .compactMap(\.doubleValue)
            let wanted = Dictionary(uniqueKeysWithValues: zip(kept, logs))
            // One draw in the middle of every token's part of [0, 1), in order of id.
            var edge = 0.0
            let draws = zip(kept, logs).map { _, log in
                var draw = Kernels.Draw(row: 0, uniform: min(edge + exp(log) / 2, 1 - 0x1p-53))
                edge += exp(log)
                draw.temperature = example["temperature"]?.doubleValue ?? 1
                draw.topK = example["top_k"]?.intValue ?? 0
                draw.topP = example["top_p"]?.doubleValue ?? 1
                draw.minP = example["min_p"]?.doubleValue ?? 0
                draw.repetitionPenalty = example["repetition_penalty"]?.doubleValue ?? 1
                draw.seen = 0..<seen.count
                return draw
            }
            var found: [Int: Double] = [:]
            for case .token(let id, let log, _) in try Kernels.sample(logits, draws, seen: seen) {
                found[Int(id)] = Double(log)
                #expect(abs(Double(log) - (wanted[Int(id)] ?? .infinity)) < tolerance)
            }
            #expect(Set(found.keys).isSubset(of: kept))
            // The part of a token below 1e-6 may vanish in the rounding of f32 sums.
            for (id, log) in wanted where log > -13.8 { #expect(found[id] != nil) }
        }
    }
}
