import HoneCore

/// Tries reward functions on completions that a run has stored, before they score new ones.
public struct RewardTrial: Sendable {
    /// How the run makes advantages of rewards.
    public var advantages: AdvantageEstimator
    /// Scores on, however often a function fails.
    public var grader: any Grader
    /// What the functions declare.
    public var declarations: [RewardConfig]

    public init(
        advantages: AdvantageEstimator, grader: any Grader, declarations: [RewardConfig]
    ) {
        self.advantages = advantages
        self.grader = grader
        self.declarations = declarations
    }

    /// What a trial found.
    public struct Finding: Sendable {
        public var comparison: RewardComparison
        /// Why the functions must not score a run; `nil` when they may.
        public var objection: String?
    }

    /// Scores `steps` ([step][group]) again.
    ///
    /// The functions are refused where they would stop the run: a failure of a function with `on_error:
    /// stop`, or the share of failures at which the recipe stops it, once as many completions are scored
    /// as a run looks at; and where a function fails for every completion.
    /// - Throws: `CancellationError`, and what the grader throws.
    public func run(on steps: [[RecordedGroup]]) async throws -> Finding {
        var comparer = await comparer()
        let clock = ContinuousClock()
        var spent = 0.0
        for groups in steps {
            let begun = clock.now
            let verdicts = try await grader.grade(groups.map(\.request))
            // What a cancelled grader said is no verdict.
            try Task.checkCancellation()
            spent += (clock.now - begun).seconds
            comparer.add(groups, verdicts)
        }
        let comparison = comparer.comparison(seconds: spent)
        return Finding(comparison: comparison, objection: objection(to: comparison))
    }

    /// A comparer for what ``grader`` says.
    public func comparer() async -> RewardComparer {
        let weights = await grader.functions().map(\.weight)
        return RewardComparer(advantages: advantages.weighted(by: weights))
    }

    private func objection(to comparison: RewardComparison) -> String? {
        let scored = comparison.completions
        guard scored > 0 else { return nil }
        for function in comparison.functions where function.failures > 0 {
            guard let declared = declarations.first(where: { $0.name == function.name }) else {
                continue
            }
            let share = Double(function.failures) / Double(scored)
            let isTooMany = scored >= Self.enough && share >= declared.maxFailureShare
            let why: String
            if function.failures == scored {
                why = "for all \(scored) completions"
            } else if declared.onError == .stop {
                why =
                    "for \(function.failures) of \(scored) completions, and on_error: stop ends a run"
            } else if isTooMany {
                why =
                    "for \(function.failures) of \(scored) completions, and max_failure_share is "
                    + "\(declared.maxFailureShare)"
            } else {
                continue
            }
            let example = comparison.failures.first { $0.function == function.name }
            return "reward function \(function.name) failed \(why): \(example?.message ?? "")"
        }
        return comparison.new.count > 0 ? nil : "none of \(scored) completions has a reward"
    }

    /// From so many completions on a run looks at the share of failures.
    private static let enough = 64
}
