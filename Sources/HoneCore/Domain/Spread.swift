/// Mean and standard deviation of some numbers.
public struct Spread: Sendable, Hashable {
    /// 0 for no numbers.
    public let mean: Double
    /// √(Σ(x − mean)² / (n − 1)); 0 for fewer than two numbers.
    public let deviation: Double

    public init(of values: [Double]) {
        guard let first = values.first else {
            (mean, deviation) = (0, 0)
            return
        }
        // Sums run over distances from the first value, so that equal rewards give exactly zero.
        let count = Double(values.count)
        let mean = first + values.reduce(0) { $0 + ($1 - first) } / count
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        self.mean = mean
        self.deviation = values.count < 2 ? 0 : (squares / (count - 1)).squareRoot()
    }
}
