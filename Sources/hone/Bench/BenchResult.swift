import Foundation
import HoneCore
import HoneTraining

/// What a benchmark found, beside the floors of this machine.
struct BenchResult {
    let work: BenchWork
    let facts: PolicyFacts
    let limits: MachineLimits
    /// Prompt tokens of a step, each prompt once.
    let promptTokens: Int
    let steps: [BenchWork.Step]
    let peakBytes: Int

    private var generateSeconds: Double { median(steps.map(\.generate)) }
    private var updateSeconds: Double { median(steps.map(\.update)) }
    /// The share of the update's rows that were taken over from the sampler.
    private var reusedShare: Double { median(steps.map(\.reusedRows)) }
    private var completionTokens: Int { work.prompts * work.group * work.length }

    /// Every weight is read once for each token of the longest completion.
    var generateFloor: Double {
        Double(facts.weightBytes) * Double(work.length) / limits.memoryBandwidth
    }

    /// The same tokens' matrix operations at the matrix rate: with many rows at a time this, and not
    /// memory, is what generation cannot be faster than.
    var generateMatrixFloor: Double {
        let layers = Double(facts.layerWeights) * Double(promptTokens + completionTokens)
        let head = Double(facts.headWeights) * Double(completionTokens)
        return 2 * (layers + head) / limits.matrixRate
    }

    /// Matrix products alone: 2 operations per weight and row forwards, as many again backwards for
    /// the inputs' gradients, as many again for the weights' gradients if all are trained, and a
    /// forward pass of the reference where there is one. Only completion rows pass the head. What
    /// we compute again to save memory is not necessary and does not count, nor what the update takes
    /// over from the sampler.
    var updateFloor: Double {
        let layers = 2 * Double(facts.layerWeights) * Double(promptTokens + completionTokens)
        let head = 2 * Double(facts.headWeights) * Double(completionTokens)
        let passes = (work.rank == nil ? 3.0 : 2.0) + (work.beta == 0 ? 0 : 1)
        let reused =
            2 * Double(facts.reusableWeights) * Double(promptTokens + completionTokens)
        return ((layers + head) * passes - reusedShare * reused) / limits.matrixRate
    }

    var json: JSONValue {
        func phase(_ seconds: Double, floor: Double, matrixFloor: Double) -> JSONValue {
            [
                "seconds": .double(seconds),
                "tokens_per_second": .double(Double(completionTokens) / seconds),
                "floor_seconds": .double(floor), "share_of_floor": .double(floor / seconds),
                "matrix_floor_seconds": .double(matrixFloor),
                "share_of_matrix_rate": .double(matrixFloor / seconds),
            ]
        }
        return [
            "work": .string(name),
            "generate": phase(
                generateSeconds, floor: generateFloor, matrixFloor: generateMatrixFloor),
            "update": phase(updateSeconds, floor: updateFloor, matrixFloor: updateFloor),
            "step_seconds": .double(median(steps.map { $0.generate + $0.update })),
            "reused_rows": .double(reusedShare),
            "peak_bytes": .int(peakBytes), "memory_bandwidth": .double(limits.memoryBandwidth),
            "matrix_rate": .double(limits.matrixRate),
        ]
    }

    var table: String {
        func row(_ phase: String, _ seconds: Double, _ floors: [(String, Double)]) -> String {
            let shares = floors.map { name, floor in
                String(format: "%.0f %% of the %@ (%.2f s)", 100 * floor / seconds, name, floor)
            }
            return String(
                format: "%@  %9.2f s  %9.0f tokens/s  %@",
                phase.padding(toLength: 9, withPad: " ", startingAt: 0), seconds,
                Double(completionTokens) / seconds, shares.joined(separator: ", "))
        }
        return [
            name,
            row(
                "generate", generateSeconds,
                [("memory speed", generateFloor), ("matrix rate", generateMatrixFloor)]),
            row("update", updateSeconds, [("matrix rate", updateFloor)]),
            "peak memory \(Figure.bytes(Double(peakBytes)))",
        ].joined(separator: "\n")
    }

    private var name: String {
        let base = work.quantization == .none ? "" : " on \(work.quantization.rawValue)"
        let kind = work.rank.map { "LoRA \($0)\(base)" } ?? "full"
        return "\(work.folder), \(kind), \(facts.dtype), \(work.prompts) × \(work.group) × "
            + "\(work.length) tokens"
    }

    private func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}
