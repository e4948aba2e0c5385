/// What can go wrong in an update.
public enum TrainingError: Error, Sendable, Hashable, CustomStringConvertible {
    case notFinite(NonFinite)
    /// More steps had to be undone than the recipe allows; the last for the given reason.
    case undoneTooOften(steps: Int, last: NonFinite)
    /// The weights are finite, or pass for it, and what they compute is not. No step can be undone any more.
    /// - Parameters:
    ///   - step: the last optimiser step.
    ///   - row: the dataset row that was asked; `nil` where a checkpoint was to be written.
    case brokenPolicy(step: Int, row: Int?)

    /// A number that is NaN or infinite, and where it was met.
    public struct NonFinite: Sendable, Hashable, CustomStringConvertible {
        /// "the loss", "the log-probabilities", "the gradient of NAME".
        public var quantity: String
        /// Counted from 1, in optimiser steps.
        public var step: Int
        /// Dataset rows whose completions took part, without repetition.
        public var rows: [Int]

        public init(quantity: String, step: Int, rows: [Int] = []) {
            self.quantity = quantity
            self.step = step
            self.rows = rows
        }

        /// At most this many rows are named.
        private static let listed = 8

        public var description: String {
            let named = rows.prefix(Self.listed).map(String.init).joined(separator: ", ")
            let more = rows.count > Self.listed ? " and \(rows.count - Self.listed) more" : ""
            let place = rows.isEmpty ? "" : " (dataset rows \(named)\(more))"
            return "not finite in optimiser step \(step): \(quantity)\(place)"
        }
    }

    static func notFinite(quantity: String, step: Int, rows: [Int] = []) -> Self {
        .notFinite(NonFinite(quantity: quantity, step: step, rows: rows))
    }

    public var description: String {
        switch self {
        case .notFinite(let found):
            "\(found); the weights were left as they were. \(Self.remedy)"
        case .undoneTooOften(let steps, let last):
            "\(steps) steps had to be undone, more than tripwires.max_undone_steps allows; the last: "
                + "\(last). The weights are those of the last good step. \(Self.remedy)"
        case .brokenPolicy(let step, let row):
            "after optimiser step \(step) the policy's log-probabilities are not finite"
                + (row.map { " (dataset row \($0))" } ?? "")
                + ": that step was too large. No checkpoint was written after it. \(Self.remedy)"
        }
    }

    private static let remedy =
        "Begin a new run, which may take the last checkpoint for its model, with a lower "
        + "optimizer.learning_rate, with optimizer.max_grad_norm, or in f32"
}
