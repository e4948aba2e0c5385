import HoneCore

/// Tries reward functions on completions that a run has stored, before they score new ones.
public struct RewardTrial: Sendable {
    /// How the run makes advantages of rewards.
    public var advantages: AdvantageEstimator
    public var grader: any Grader

    public init(advantages: AdvantageEstimator, grader: any Grader) {
        self.advantages = advantages
        self.grader = grader
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
    /// stop`, or the share of failures that the recipe allows it; and where a function fails for every
    /// completion.
    /// - Throws: `CancellationError`
    public func run(on steps: [[RecordedGroup]]) async throws -> Finding {
        var comparer = await comparer()
        let clock = ContinuousClock()
        var spent = 0.0
        do {
            for groups in steps {
                let begun = clock.now
                let verdicts = try await grader.grade(groups.map(\.request))
                spent += (clock.now - begun).seconds
                comparer.add(groups, verdicts)
            }
        } catch {
            try Task.checkCancellation()
            return Finding(
                comparison: comparer.comparison(seconds: spent), objection: "\(error)")
        }
        // What a cancelled grader said is no verdict.
        try Task.checkCancellation()
        let comparison = comparer.comparison(seconds: spent)
        return Finding(comparison: comparison, objection: Self.objection(to: comparison))
    }

    /// A comparer for what ``grader`` says.
    public func comparer() async -> RewardComparer {
        let weights = await grader.functions().map(\.weight)
        return RewardComparer(advantages: advantages.weighted(by: weights))
    }

    private static func objection(to comparison: RewardComparison) -> String? {
        guard comparison.completions > 0 else { return nil }
        let broken = comparison.functions.first { $0.failures == comparison.completions }
        if let broken {
            let example = comparison.failures.first { $0.function == broken.name }
            return "reward function \(broken.name) failed for all \(comparison.completions) "
                + "completions: \(example?.message ?? "")"
        }
        guard comparison.new.count == 0 else { return nil }
        return "none of \(comparison.completions) completions has a reward"
    }
}
