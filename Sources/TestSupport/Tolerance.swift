import Testing
import Torch

/// Expects that both have one shape and differ nowhere by more than
/// `absolute + relative · |expected|`; on failure says where they differ most.
public func expectClose(
    _ actual: Tensor, _ expected: Tensor, absolute: Double = 0, relative: Double = 0,
    _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation
) throws {
    guard actual.shape == expected.shape else {
        Issue.record(
            "shape \(actual.shape) where \(expected.shape) is expected \(comment.map(\.rawValue) ?? "")",
            sourceLocation: sourceLocation)
        return
    }
    try expectClose(
        actual.doubles(), expected.doubles(), absolute: absolute, relative: relative, comment,
        sourceLocation: sourceLocation)
}

/// As above for plain numbers.
public func expectClose(
    _ actual: [Double], _ expected: [Double], absolute: Double = 0, relative: Double = 0,
    _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation
) {
    var worst: (place: Int, excess: Double)?
    for (place, (a, e)) in zip(actual, expected).enumerated() {
        // Infinities and NaN must be the same; their difference would say nothing.
        if a == e || (a.isNaN && e.isNaN) { continue }
        let difference = abs(a - e)
        let bound = absolute + relative * abs(e)
        let excess = difference.isFinite ? difference - bound : .infinity
        if excess > (worst?.excess ?? 0) { worst = (place, excess) }
    }
    let words = worst.map {
        "element \($0.place) is \(actual[$0.place]), not \(expected[$0.place])"
    }
    #expect(actual.count == expected.count, comment, sourceLocation: sourceLocation)
    #expect(
        worst == nil, "\(words ?? "") \(comment.map(\.rawValue) ?? "")",
        sourceLocation: sourceLocation)
}

/// √(Σ(a − b)² / Σb²), the relative distance of two tensors.
public func relativeError(_ actual: Tensor, _ expected: Tensor) throws -> Double {
    let difference = try (actual.to(.float64) - expected.to(.float64)).square().sum().item()
    let size = try expected.to(.float64).square().sum().item()
    return (difference / size).squareRoot()
}
