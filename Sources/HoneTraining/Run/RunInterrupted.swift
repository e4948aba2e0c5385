/// A run was asked to stop before its end, and did so between two steps.
public struct RunInterrupted: Error, Sendable, Hashable, CustomStringConvertible {
    /// The last step made; a checkpoint after it stands, unless it is 0.
    public var step: Int

    public init(step: Int) { self.step = step }

    public var description: String {
        step == 0
            ? "interrupted before the first step; --resume begins anew"
            : "interrupted after step \(step), of which there is a checkpoint; --resume goes on from it"
    }
}
