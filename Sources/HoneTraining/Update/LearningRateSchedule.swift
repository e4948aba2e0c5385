import Foundation
import HoneCore

/// The learning rate of each optimiser step.
///
/// Steps count from 1. The first `warmupSteps` steps rise linearly, step s to s / warmupSteps of the
/// peak; after them the rate follows ``shape`` down to ``minimum``. Unlike transformers' schedules the
/// first step is not wasted on a rate of 0, nor is the last. Sources: cosine, SGDR (arXiv 1608.03983,
/// eq. 5) without restarts; inverse root, arXiv 1706.03762 (§5.3); warm-up, stable, decay: MiniCPM
/// (arXiv 2404.06395, §4.2).
public struct LearningRateSchedule: Sendable {
    public var shape: OptimizerConfig.Schedule
    public var peak: Double
    public var minimum: Double
    public var warmupSteps: Int
    public var totalSteps: Int
    /// Share of ``totalSteps`` in which `OptimizerConfig.Schedule.warmupStableDecay` falls.
    public var decayRatio: Double

    public init(
        shape: OptimizerConfig.Schedule, peak: Double, minimum: Double = 0, warmupSteps: Int,
        totalSteps: Int, decayRatio: Double = 0.1
    ) {
        self.shape = shape
        self.peak = peak
        self.minimum = minimum
        self.warmupSteps = warmupSteps
        self.totalSteps = totalSteps
        self.decayRatio = decayRatio
    }

    /// The rate of `step`, in [0, peak].
    public func rate(at step: Int) -> Double {
        if step <= warmupSteps { return peak * Double(step) / Double(warmupSteps) }
        let falling = max(totalSteps - warmupSteps, 1)
        let progress = min(Double(step - 1 - warmupSteps) / Double(falling), 1)
        let share =
            switch shape {
            case .constant: 1.0
            case .linear: 1 - progress
            case .cosine: (1 + cos(.pi * progress)) / 2
            case .inverseSqrt:
                (Double(max(warmupSteps, 1)) / Double(max(step, 1))).squareRoot()
            case .warmupStableDecay: stableShare(at: step)
            }
        if shape == .inverseSqrt { return max(minimum, peak * share) }
        return minimum + (peak - minimum) * share
    }

    /// 1 until the last ⌈decayRatio · totalSteps⌉ steps, in which it falls to 1 / their number.
    private func stableShare(at step: Int) -> Double {
        let falling = Int((decayRatio * Double(totalSteps)).rounded(.up))
        guard falling > 0 else { return 1 }
        return min(1, max(0, Double(totalSteps - step + 1) / Double(falling)))
    }
}
