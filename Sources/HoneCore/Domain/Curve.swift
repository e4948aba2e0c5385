/// A long series of numbers in little room: neighbours are averaged once there are many.
///
/// Holds at most ``limit`` points. When they are full, each two become their mean and every later point
/// stands for twice as many numbers, so a curve of any length keeps its shape and its memory.
public struct Curve: Sendable, Equatable {
    /// The most points that are held; even.
    public static let limit = 512

    /// Means of equally many numbers each, in order; the last may be of fewer.
    public private(set) var points: [Double] = []
    /// The latest number, as it came.
    public private(set) var latest: Double?
    /// How many numbers a point stands for, and how many the last one has got so far.
    private var span = 1
    private var filled = 0

    public init() { points.reserveCapacity(Self.limit) }

    public mutating func append(_ value: Double) {
        latest = value
        if filled == span || points.isEmpty {
            if points.count == Self.limit { halve() }
            points.append(value)
            filled = 1
        } else {
            filled += 1
            points[points.count - 1] += (value - points[points.count - 1]) / Double(filled)
        }
    }

    private mutating func halve() {
        for index in 0..<Self.limit / 2 {
            points[index] = (points[2 * index] + points[2 * index + 1]) / 2
        }
        points.removeLast(Self.limit / 2)
        span *= 2
    }
}
