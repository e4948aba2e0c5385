import Foundation
import HoneCore
import OrderedCollections

/// Made-up completions: words by how common they are, so that they compress worse than what a model
/// writes, whose words also follow from each other.
struct Writer {
    /// The most common word is drawn a thousand times as often as the rarest.
    private let words: [String]
    private let weights: [Double]

    init() {
        var draw = Draw(state: 1)
        let letters = Array("eeeeetttaaaooiinnsshhrrdlcumwfgypbvk")
        words = (0..<4000).map { _ in
            String((0..<(2 + draw.below(8))).map { _ in letters[draw.below(letters.count)] })
        }
        weights = (1...4000).map { 1 / Double($0) }.reduce(into: []) {
            $0.append(($0.last ?? 0) + $1)
        }
    }

    /// Groups of eight on rows of 7,473, as many as GSM8K has.
    /// - Parameters:
    ///   - step: from 1.
    ///   - steps: of the run, whose rewards rise from step to step as they should.
    func completions(step: Int, of steps: Int) -> [GradedRollout] {
        (0..<StoreBench.perStep).map { place in
            let row = (step * StoreBench.perStep + place) / 8 % 7473
            var draw = Draw(state: UInt64(step * StoreBench.perStep + place + 10))
            let tokens = 60 + draw.below(100)
            let text = sentence(tokens * 3 / 4, &draw)
            var ofRow = Draw(state: UInt64(row + 1_000_000_000))
            let prompt = sentence(60, &ofRow)
            let completion = Completion(
                tokens: Array(repeating: 7, count: tokens), logProbabilities: [],
                rawLogProbabilities: [], finishReason: .stop, policyVersion: step)
            let rollout = Rollout(
                row: DatasetRow(
                    index: row, prompt: .text(prompt),
                    columns: ["question": .string(prompt), "answer": .int(row)]),
                promptText: prompt, promptTokens: [], completion: completion, text: text)
            return GradedRollout(
                rollout: rollout, verdict: verdict(&draw, progress: Double(step) / Double(steps)),
                advantage: Float(draw.below(1000)) / 300 - 1.5)
        }
    }

    /// One in 25 fails, one in 250,000 for want of memory; one in 50,000 has a reward above 1.5.
    private func verdict(_ draw: inout Draw, progress: Double) -> Verdict {
        let score = (Double(draw.below(1001)) / 1000 * 60 + progress * 40).rounded() / 100
        let total = draw.below(50_000) == 0 ? score + 1.5 : score
        let parts = [
            Reward.Component(name: "correct", score: total),
            Reward.Component(name: "format", score: draw.below(2) == 0 ? 0 : 1),
        ]
        guard draw.below(25) == 0 else { return .scored(Reward(total: total, components: parts)) }
        let kind: GraderFailure.Kind = draw.below(10_000) == 0 ? .outOfMemory : .timedOut
        return .failed(
            GraderFailure(function: "correct", kind: kind, message: "no answer in 5 s"),
            partial: Reward(total: 0, components: [parts[1]]))
    }

    private func sentence(_ count: Int, _ draw: inout Draw) -> String {
        (0..<count).map { _ in
            let share = Double(draw.below(1 << 30)) / Double(1 << 30) * (weights.last ?? 1)
            var (low, high) = (0, weights.count - 1)
            while low < high {
                let middle = (low + high) / 2
                if weights[middle] < share { low = middle + 1 } else { high = middle }
            }
            return words[low]
        }.joined(separator: " ")
    }
}

/// SplitMix64.
private struct Draw {
    var state: UInt64

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((value ^ (value >> 31)) % UInt64(bound))
    }
}
