import HoneCore

/// Asks a function the first groups twice and tells where the same input got another score: a reward
/// that rolls dice teaches the policy noise.
actor RepeatedReward: AssessingRewardFunction {
    nonisolated let name: String
    private let function: any AssessingRewardFunction
    /// Groups that are still to be asked twice.
    private var remaining: Int

    init(_ function: any AssessingRewardFunction, groups: Int) {
        name = function.name
        self.function = function
        remaining = groups
    }

    func assess(_ request: GradingRequest) async -> [Assessment] {
        guard remaining > 0 else { return await function.assess(request) }
        remaining -= 1
        let first = await function.assess(request)
        let second = await function.assess(request)
        guard first.count == second.count else { return first }
        return zip(first, second).map { assessment, again in
            guard case .value(let value) = assessment.score, case .value(let other) = again.score,
                value != other
            else { return assessment }
            var told = assessment
            let difference =
                "gave \(value) and then \(other) for the same input; a reward should depend on its "
                + "input alone"
            told.warning = [assessment.warning, difference].compactMap(\.self)
                .joined(separator: "; ")
            return told
        }
    }
}
