import Foundation
import HoneCore

/// Measures a policy on given prompts: draws, grades, summarises.
///
/// It names only seams, so a trainer between steps and `hone evaluate` measure in the same way.
public struct Evaluator: Sendable {
    /// n, how many completions each prompt is given. At least 1.
    public var samplesPerRow: Int
    public var sampling: SamplingParameters
    public var seed: UInt64
    /// What counts as solved for pass@k.
    public var criterion: PassCriterion
    /// The k of pass@k beside pass@1. Range 1 to ``samplesPerRow``.
    public var passCounts: [Int]
    /// How many completions are kept for showing.
    public var shownSamples: Int
    /// Prompts handed to the sampler at once; grading follows each such batch.
    public var rowsPerBatch: Int

    public var sampler: any Sampler
    public var decoder: any TextDecoding
    public var grader: any Grader

    public init(
        samplesPerRow: Int, sampling: SamplingParameters, seed: UInt64,
        criterion: PassCriterion = PassCriterion(), passCounts: [Int] = [],
        shownSamples: Int = 3, rowsPerBatch: Int = 256, sampler: any Sampler,
        decoder: any TextDecoding, grader: any Grader
    ) {
        self.samplesPerRow = samplesPerRow
        self.sampling = sampling
        self.seed = seed
        self.criterion = criterion
        self.passCounts = passCounts
        self.shownSamples = shownSamples
        self.rowsPerBatch = rowsPerBatch
        self.sampler = sampler
        self.decoder = decoder
        self.grader = grader
    }

    /// The measurement over `prompts`.
    ///
    /// The same seed draws the same random numbers for a row at every step, so that two evaluations of
    /// a run differ only by the policy.
    public func evaluate(_ prompts: [EncodedPrompt], step: Int = 0) async throws -> Evaluation {
        var summary = EvaluationSummary(
            functions: await grader.functions(), criterion: criterion,
            passCounts: passCounts)
        var (completions, samples) = ([EvaluationSample](), [EvaluationSample]())
        for start in stride(from: 0, to: prompts.count, by: rowsPerBatch) {
            try Task.checkCancellation()
            let batch = Array(prompts[start..<min(start + rowsPerBatch, prompts.count)])
            let moment = RolloutMaker.Moment(step: step, draw: 0, epoch: 0)
            for group in try await rollouts.groups(of: batch, at: moment).groups {
                summary.add(
                    verdicts: group.verdicts, completions: group.rollouts.map(\.completion))
                let members = zip(group.rollouts, group.verdicts).map(EvaluationSample.init)
                completions += members
                // One of each row: the first completions of different rows show more.
                if samples.count < shownSamples, let first = members.first {
                    samples.append(first)
                }
            }
        }
        return Evaluation(
            rows: prompts.count, samplesPerRow: samplesPerRow, metrics: summary.metrics,
            completions: completions, samples: samples)
    }

    private var rollouts: RolloutMaker {
        RolloutMaker(
            groupSize: samplesPerRow, sampling: sampling, purpose: .answer, seed: seed,
            sampler: sampler, decoder: decoder, grader: grader)
    }
}

/// What an evaluation found.
public struct Evaluation: Sendable {
    public var rows: Int
    public var samplesPerRow: Int
    /// `reward`, `reward_std`, `rewards/NAME/mean`, `rewards/NAME/std`, `pass@k`,
    /// `rewards/failures`, lengths in tokens by TRL's names.
    public var metrics: OrderedMetrics
    /// Every completion, row by row.
    public var completions: [EvaluationSample]
    /// The few of them that a person is shown.
    public var samples: [EvaluationSample]

    public init(
        rows: Int, samplesPerRow: Int, metrics: OrderedMetrics, completions: [EvaluationSample],
        samples: [EvaluationSample]
    ) {
        self.rows = rows
        self.samplesPerRow = samplesPerRow
        self.metrics = metrics
        self.completions = completions
        self.samples = samples
    }

    /// What is recorded of it, made after `step` steps.
    public func record(step: Int) -> EvaluationRecord {
        EvaluationRecord(
            step: step, metrics: metrics, completions: completions, samples: samples)
    }

    /// The metric of that name, if the evaluation has it.
    public subscript(metric name: String) -> Double? { metrics.first { $0.name == name }?.value }
}
