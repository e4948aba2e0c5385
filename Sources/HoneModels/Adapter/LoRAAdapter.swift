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

    /// What it adds to a layer's result from row `firstRow` on.
    func addition(firstRow: Int, _ pass: ForwardPass) -> Kernels.LowRankAddition {
        Kernels.LowRankAddition(
            down: down, up: up, firstRow: firstRow, scale: scale,
            dropout: pass.dropoutSeed == nil ? 0 : dropout,
            seed: CounterSeed.mix(pass.dropoutSeed ?? 0, ordinal))
    }

    /// scale · B · A, [O, I] float32.
    func delta() throws -> Tensor { try up.matmul(down) * scale }
}
