import Foundation

/// Something that happened in a run, for whoever watches or records it.
public enum RunEvent: Sendable {
    case started(RunDescription)
    case step(StepRecord)
    case evaluated(EvaluationRecord)
    case checkpointed(step: Int, path: String)
    case warning(step: Int, message: String)
    /// Other reward functions score from this step on.
    case rewardsChanged(RewardChange)
    /// Somebody proposed other reward functions, and this became of it so far; told again when more is
    /// known. A refusal is told by a warning too.
    case rewardsAnswered(step: Int, RewardAnswer)
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

/// One measurement of held-out rows.
public struct EvaluationRecord: Sendable {
    /// Steps made before it; 0 before the first.
    public var step: Int
    public var metrics: OrderedMetrics
    /// Every completion with its verdict; members of a row follow each other.
    public var completions: [EvaluationSample]
    /// The few of ``completions`` that a person is shown.
    public var samples: [EvaluationSample]

    public init(
        step: Int, metrics: OrderedMetrics, completions: [EvaluationSample],
        samples: [EvaluationSample] = []
    ) {
        self.step = step
        self.metrics = metrics
        self.completions = completions
        self.samples = samples
    }
}

/// One completion of an evaluation. It has no tokens and no probabilities, of which nobody learns
/// anything here, so that all of an evaluation can be held.
public struct EvaluationSample: Sendable {
    public var row: DatasetRow
    /// The prompt as the model saw it.
    public var prompt: String
    public var completion: String
    public var verdict: Verdict
    /// The completion's length.
    public var tokens: Int
    public var finishReason: Completion.FinishReason
    /// How many updates the weights had seen.
    public var policyVersion: Int

    public init(
        row: DatasetRow, prompt: String, completion: String, verdict: Verdict, tokens: Int,
        finishReason: Completion.FinishReason, policyVersion: Int
    ) {
        self.row = row
        self.prompt = prompt
        self.completion = completion
        self.verdict = verdict
        self.tokens = tokens
        self.finishReason = finishReason
        self.policyVersion = policyVersion
    }

    /// `rollout` and what was said of it.
    public init(_ rollout: Rollout, _ verdict: Verdict) {
        self.init(
            row: rollout.row, prompt: rollout.promptText, completion: rollout.text,
            verdict: verdict, tokens: rollout.completion.tokens.count,
            finishReason: rollout.completion.finishReason,
            policyVersion: rollout.completion.policyVersion)
    }
}
