import Torch

/// The rows of a call whose results are asked for. All others count as what these see: their keys and values.
struct WantedRows {
    /// Ascending, each once.
    let indices: [Int]
    private let tensor: Tensor
    /// Of each row that was asked for, its place in ``indices``; nil where they are the same rows.
    private let places: Tensor?

    /// - Parameter rows: in any order and as often as they are wanted.
    init(_ rows: [Int], device: Device) throws(TorchError) {
        var place = Array(repeating: -1, count: (rows.max() ?? -1) + 1)
        for row in rows { place[row] = 0 }
        let indices = place.indices.filter { place[$0] == 0 }
        for (index, row) in indices.enumerated() { place[row] = index }
        self.indices = indices
        tensor = try Tensor(indices, device: device)
        places = indices == rows ? nil : try Tensor(rows.map { place[$0] }, device: device)
    }

    /// [N, C] → [M, C], each of ``indices`` once.
    func of(_ x: Tensor) throws(TorchError) -> Tensor {
        try x.indexSelect(0, tensor)
    }

    /// [M, C] → the rows as they were asked for.
    func spread(_ x: Tensor) throws(TorchError) -> Tensor {
        guard let places else { return x }
        return try x.indexSelect(0, places)
    }
}
