import HoneCore
import HoneModels
import Torch

/// One supervised step of a model.
///
/// L = −(1/N) Σ log π(token) over the N trained tokens of the batch, whatever micro-batches it is cut
/// into. With packing off each example gets a pass of its own.
final class SupervisedUpdate {
    let model: DecoderModel
    let packer: ExamplePacker
    let step: OptimizerStep

    init(model: DecoderModel, packer: ExamplePacker, step: OptimizerStep) {
        self.model = model
        self.packer = packer
        self.step = step
    }

    func run(_ examples: [SupervisedExample]) throws -> OrderedMetrics {
        let batches = packer.pack(examples)
        let count = batches.reduce(0) { $0 + $1.targets.count }
        guard count > 0 else { return [("loss", 0)] + step.skip() }
        let forward = PackedForward(model: model, temperature: 1)
        let lanes = PassLanes(for: model, tokenBudget: packer.tokenBudget)
        let passes = try lanes.accumulate(batches.count, of: model) { index, backward in
            let batch = batches[index]
            if model.dropsUnits { model.dropoutSeed = UInt64(step.count) << 20 | UInt64(index) }
            let (logProbabilities, entropy) = try forward(batch)
            let total = try -logProbabilities.sum() / Double(count)
            let loss = try total.item()
            guard loss.isFinite else {
                let rows = examples.map(\.row)
                try batch.requireFinite(
                    logProbabilities.floats(), rows: rows, step: step.count + 1)
                throw TrainingError.notFinite(
                    quantity: "the loss", step: step.count + 1, rows: rows.compactMap { $0 })
            }
            try backward([total], [nil])
            return (loss: loss, entropy: try entropy.sum().item())
        }
        let loss = passes.reduce(0) { $0 + $1.loss }
        let entropy = passes.reduce(0) { $0 + $1.entropy } / Double(count)
        return [("loss", loss), ("entropy", entropy)]
            + (try step.advance(rows: examples.compactMap(\.row)))
    }
}

/// Cuts supervised examples into packed batches of bounded size.
struct ExamplePacker {
    /// Rows of one batch at most, unless a single example is longer.
    var tokenBudget: Int
    /// Whether several examples share a pass. They never see each other's tokens.
    var sharing: Sharing

    enum Sharing: Sendable {
        case packed
        case alone
    }

    /// The batches of `examples`; one with nothing to learn is left out.
    func pack(_ examples: [SupervisedExample]) -> [PackedBatch] {
        var batches: [PackedBatch] = []
        var open: [LaidExample] = []
        var rows = 0
        for (index, example) in examples.enumerated() {
            guard let laid = LaidExample(example, index: index) else { continue }
            if !open.isEmpty, sharing == .alone || rows + laid.rows > tokenBudget {
                batches.append(PackedBatch(open))
                (open, rows) = ([], 0)
            }
            open.append(laid)
            rows += laid.rows
        }
        if !open.isEmpty { batches.append(PackedBatch(open)) }
        return batches
    }
}

/// An example and the positions whose next token is learnt.
private struct LaidExample {
    let example: SupervisedExample
    let index: Int
    let predicting: [Int]

    init?(_ example: SupervisedExample, index: Int) {
        self.example = example
        self.index = index
        predicting = example.tokens.indices.dropLast().filter { example.isTrained[$0 + 1] }
        if predicting.isEmpty { return nil }
    }

    /// What follows the last predicting position is not needed.
    var rows: Int { predicting[predicting.count - 1] + 1 }
}

extension PackedBatch {
    /// Each example as a causal sequence of its own.
    fileprivate init(_ examples: [LaidExample]) {
        self.init(
            tokens: [], layout: PackedLayout(sequences: examples.map(\.rows)), predictingRows: [],
            targets: [], members: [])
        for laid in examples {
            let start = tokens.count
            let firstTarget = targets.count
            tokens += laid.example.tokens[..<laid.rows]
            predictingRows += laid.predicting.map { start + $0 }
            targets += laid.predicting.map { laid.example.tokens[$0 + 1] }
            members.append(.init(sample: laid.index, range: firstTarget..<targets.count))
        }
    }
}
