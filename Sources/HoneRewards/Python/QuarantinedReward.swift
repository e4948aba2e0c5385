import HoneCore

/// A reward function that is set aside once it has failed many times in a row.
///
/// A function that hangs costs its deadline for every completion, and the run would wait for it step
/// after step. Set aside, it fails at once with the last failure's message; one call a step tries it
/// again, and the first that succeeds ends the quarantine.
actor QuarantinedReward: AssessingRewardFunction {
    nonisolated let name: String
    private let function: any AssessingRewardFunction
    private let trial: Trial
    /// Failures in a row after which it is set aside.
    private let limit: Int
    private var failuresInARow = 0
    private var lastFailure: GraderFailure?
    /// The step of the last trial.
    private var triedAt: Int?

    /// What is asked to find out whether the function works again.
    enum Trial: Sendable {
        /// The first completion of a group.
        case completion
        /// A whole group, for a function that takes lists.
        case group
    }

    init(_ function: any AssessingRewardFunction, trial: Trial, after limit: Int) {
        name = function.name
        self.function = function
        self.trial = trial
        self.limit = limit
    }

    func assess(_ request: GradingRequest) async -> [Assessment] {
        guard failuresInARow >= limit, let lastFailure else { return await ask(request) }
        guard triedAt != request.step else { return refusal(of: request, lastFailure) }
        triedAt = request.step
        switch trial {
        case .group: return await ask(request)
        case .completion:
            var first = request
            first.completions = Array(request.completions.prefix(1))
            let tried = await ask(first)
            var rest = request
            rest.completions = Array(request.completions.dropFirst())
            guard failuresInARow == 0 else { return tried + refusal(of: rest, lastFailure) }
            return rest.completions.isEmpty ? tried : tried + (await ask(rest))
        }
    }

    private func ask(_ request: GradingRequest) async -> [Assessment] {
        let assessments = await function.assess(request)
        for assessment in assessments {
            if case .failed(let failure) = assessment.score {
                failuresInARow += 1
                lastFailure = failure
            } else {
                failuresInARow = 0
            }
        }
        return assessments
    }

    private func refusal(of request: GradingRequest, _ last: GraderFailure) -> [Assessment] {
        let failure = GraderFailure(
            function: name, kind: .unavailable,
            message: "set aside after \(failuresInARow) failures in a row and tried once a step; "
                + "the last: \(last.message)")
        return request.completions.map { _ in Assessment(score: .failed(failure)) }
    }
}
