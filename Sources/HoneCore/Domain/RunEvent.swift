import Foundation

/// Something that happened in a run, for whoever watches or records it.
public enum RunEvent: Sendable {
    case started(RunDescription)
    case step(StepRecord)
    case evaluated(step: Int, metrics: OrderedMetrics, samples: [EvaluationSample])
    case checkpointed(step: Int, path: String)
    case warning(step: Int, message: String)
    /// Other reward functions score from this step on.
    case rewardsChanged(RewardChange)
    case finished(step: Int, output: String, metrics: OrderedMetrics)
    case failed(step: Int, message: String)
}

/// Metrics by TRL's names, in the order they are shown.
public typealias OrderedMetrics = [(name: String, value: Double)]

/// What a run is, told once when it starts.
public struct RunDescription: Sendable {
    public var name: String
    public var method: String
    public var model: String
    public var output: String
    public var totalSteps: Int
    /// The step this run continues from; 0 for a new one.
    public var resumedFrom: Int
    /// Everything else worth one line each: parameters, trainable parameters, device, dtype, rows.
    public var facts: [(name: String, value: String)]

    public init(
        name: String, method: String, model: String, output: String, totalSteps: Int,
        resumedFrom: Int, facts: [(name: String, value: String)]
    ) {
        self.name = name
        self.method = method
        self.model = model
        self.output = output
        self.totalSteps = totalSteps
        self.resumedFrom = resumedFrom
        self.facts = facts
    }
}

/// One training step.
public struct StepRecord: Sendable {
    /// From 1.
    public var step: Int
    public var metrics: OrderedMetrics
    /// Every completion of the step with its verdict; empty for supervised steps.
    public var completions: [GradedRollout]

    public init(step: Int, metrics: OrderedMetrics, completions: [GradedRollout]) {
        self.step = step
        self.metrics = metrics
        self.completions = completions
    }
}

/// A rollout, what the graders said of it, and what it meant for the update.
public struct GradedRollout: Sendable {
    public var rollout: Rollout
    public var verdict: Verdict
    /// `nil` when the completion left its group.
    public var advantage: Float?

    public init(rollout: Rollout, verdict: Verdict, advantage: Float?) {
        self.rollout = rollout
        self.verdict = verdict
        self.advantage = advantage
    }
}

/// One completion of an evaluation, kept for showing.
public struct EvaluationSample: Sendable {
    public var row: DatasetRow
    public var prompt: String
    public var completion: String
    public var verdict: Verdict

    public init(row: DatasetRow, prompt: String, completion: String, verdict: Verdict) {
        self.row = row
        self.prompt = prompt
        self.completion = completion
        self.verdict = verdict
    }
}
