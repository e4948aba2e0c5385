import HoneCore
import Torch

/// Turns accumulated gradients into a step: clip, schedule, optimiser.
final class OptimizerStep {
    let optimizer: any Optimizer
    let schedule: LearningRateSchedule
    /// Gradients are scaled down to this norm; `nil` leaves them.
    let maxGradientNorm: Double?
    /// Optimiser steps made so far.
    private(set) var count: Int = 0

    init(optimizer: any Optimizer, schedule: LearningRateSchedule, maxGradientNorm: Double?) {
        self.optimizer = optimizer
        self.schedule = schedule
        self.maxGradientNorm = maxGradientNorm
    }

    /// Steps and clears the gradients. A gradient that is not finite stops the run before it touches
    /// the weights.
    /// - Parameter rows: the dataset rows that the gradient comes from, for that case.
    func advance(rows: [Int] = []) throws -> OrderedMetrics {
        let rate = schedule.rate(at: count + 1)
        let norm = try clipGradientNorm(
            optimizer.parameters, maximum: maxGradientNorm ?? .infinity)
        guard norm.isFinite else {
            throw TrainingError.notFinite(
                quantity: "the gradient's norm", step: count + 1, rows: rows)
        }
        optimizer.learningRate = rate
        try optimizer.step()
        try optimizer.zeroGradients()
        count += 1
        return [("grad_norm", norm), ("learning_rate", rate)]
    }

    /// Counts a step that had nothing to learn from, so that the schedule keeps its pace.
    func skip() -> OrderedMetrics {
        count += 1
        return [("grad_norm", 0), ("learning_rate", schedule.rate(at: count))]
    }

    func restore(count: Int) { self.count = count }
}
