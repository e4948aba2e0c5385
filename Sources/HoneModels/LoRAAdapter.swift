import Torch

/// A low-rank addition to one linear layer: scale · B · A · dropout(x).
///
/// - Source: Hu et al. 2021, arXiv 2106.09685. Where peft computes the addition in float32, this
///   rounds A and B to the compute type first.
final class LoRAAdapter {
    /// Path of the layer in the published weights.
    let name: String
    /// A: [r, I] float32.
    let down: Tensor
    /// B: [O, r] float32.
    let up: Tensor
    let scale: Double
    let dropout: Double
    /// Sets this adapter's dropout masks apart from the others'.
    private let ordinal: UInt64

    init(name: String, down: Tensor, up: Tensor, scale: Double, dropout: Double, ordinal: Int) {
        self.name = name
        self.down = down
        self.up = up
        self.scale = scale
        self.dropout = dropout
        self.ordinal = UInt64(ordinal)
    }

    /// What peft calls A and B in a file.
    var downName: String { "base_model.model.\(name).lora_A.weight" }
    var upName: String { "base_model.model.\(name).lora_B.weight" }

    /// output + scale · B · A · dropout(input): [N, O], [N, I] → [N, O].
    func add(to output: Tensor, input: Tensor, _ pass: ForwardPass) throws -> Tensor {
        var input = input
        if dropout > 0, let seed = pass.dropoutSeed {
            input = try input.dropout(dropout, seed: CounterSeed.mix(seed, ordinal))
        }
        let inner = try input.linear(down.to(input.dtype))
        return try output.addmm(inner, up.to(input.dtype).transpose(0, 1), alpha: scale)
    }

    /// scale · B · A, [O, I] float32.
    func delta() throws -> Tensor { try up.matmul(down) * scale }
}
