import HoneModels
import Torch

/// How many packed rows one forward and backward pass takes unless the recipe says.
///
/// Every pass packs each weight anew and has a fixed cost for each of its many operations, so small models
/// gain from more rows; those whose activations would then take much memory do not need them.
enum TokenBudget {
    /// Enough rows to keep the matrix unit busy; activations of a 0.5 B model stay near 2 GB.
    private static let fewest = 1536
    /// More were no faster.
    private static let most = 2304
    /// Bytes of activations that a pass may take beyond the fewest rows.
    private static let activationBytes = 128 << 20

    static func standard(for model: DecoderModel) -> Int {
        min(max(activationBytes / model.activationBytesPerRow, fewest), most)
    }
}
