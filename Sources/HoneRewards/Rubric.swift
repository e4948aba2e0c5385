import HoneCore

/// Weighted reward functions that together judge a completion.
///
/// total = Σ weightᵢ · scoreᵢ over the functions that did not abstain. A function of weight 0 is a
/// metric: shown, never part of the total, and its failure excludes nothing.
public struct Rubric: Grader {
    public let items: [Item]
    /// What the user should know before the first score: prints of reward files while they were
    /// loaded, a sandbox that is missing.
    public let notices: [String]
    private let log: (any RewardLog)?
    private let watch: FailureWatch

    /// A reward function and what it counts for.
    public struct Item: Sendable {
        public var function: any RewardFunction
        public var weight: Double
        public var failurePolicy: RewardConfig.FailurePolicy
        /// The share of failures among the latest completions at which the run stops, in (0, 1].
        public var maxFailureShare: Double

        public init(
            _ function: any RewardFunction, weight: Double = 1,
            failurePolicy: RewardConfig.FailurePolicy = .exclude, maxFailureShare: Double = 1
        ) {
            self.maxFailureShare = maxFailureShare
            self.function = function
            self.weight = weight
            self.failurePolicy = failurePolicy
        }
    }

    /// - Throws: ``RewardError`` without functions, for a name that occurs twice and for a weight that
    ///   is not finite.
    public init(
        _ items: [Item], log: (any RewardLog)? = nil, notices: [String] = []
    ) throws(RewardError) {
        guard !items.isEmpty else { throw .noFunctions }
        var seen: Set<String> = []
        for item in items {
            let name = item.function.name
            guard seen.insert(name).inserted else { throw .duplicateName(name) }
            guard item.weight.isFinite else { throw .weightNotFinite(name, item.weight) }
        }
        self.items = items
        self.log = log
        self.notices = notices
        watch = FailureWatch(
            names: items.map(\.function.name), limits: items.map(\.maxFailureShare))
    }

    public var componentNames: [String] { items.map(\.function.name) }

    public func functions() -> [FunctionInForce] {
        items.map { FunctionInForce($0.function.name, weight: $0.weight) }
    }

    public func grade(_ requests: [GradingRequest]) async throws -> [[Verdict]] {
        let assessments = await assess(requests)
        let verdicts = try zip(requests, assessments).map { request, columns in
            try request.completions.indices.map { member in
                try verdict(of: columns.map { $0[member].score })
            }
        }
        try await watch.note(assessments)
        return verdicts
    }

    public func takeMetrics() async -> OrderedMetrics {
        var metrics: OrderedMetrics = []
        for item in items {
            guard let function = item.function as? any MeasuredRewardFunction else { continue }
            metrics += await function.takeMetrics()
        }
        return metrics
    }

    /// Everything each function says: for each request, for each function, one assessment per
    /// completion. Functions and groups run concurrently.
    public func assess(_ requests: [GradingRequest]) async -> [[[Assessment]]] {
        await withTaskGroup(of: (request: Int, item: Int, assessments: [Assessment]).self) {
            tasks in
            for (index, request) in requests.enumerated() {
                for (position, item) in items.enumerated() {
                    tasks.addTask { (index, position, await assess(request, by: item.function)) }
                }
            }
            var results = requests.map { _ in items.map { _ in [Assessment]() } }
            for await part in tasks { results[part.request][part.item] = part.assessments }
            return results
        }
    }

    private func assess(
        _ request: GradingRequest, by function: any RewardFunction
    ) async -> [Assessment] {
        let assessments = await function.assessments(of: request)
        let checked = check(assessments, of: function.name, count: request.completions.count)
        if let log {
            await log.record(
                checked.enumerated().map { member, assessment in
                    RewardLogEntry(
                        function: function.name, step: request.step, epoch: request.epoch,
                        row: request.row.index, completion: member, assessment: assessment)
                })
        }
        return checked
    }

    /// Sums of squares over a group of such scores still are numbers.
    private static let largest = 1e100

    /// What a function may not return becomes a failure of all completions or of the one.
    private func check(_ assessments: [Assessment], of name: String, count: Int) -> [Assessment] {
        guard assessments.count == count else {
            let failure = GraderFailure(
                function: name, kind: .raised,
                message: "returned \(assessments.count) scores for \(count) completions")
            return Array(repeating: Assessment(score: .failed(failure)), count: count)
        }
        return assessments.map { assessment in
            guard case .value(let value) = assessment.score, !(abs(value) <= Self.largest) else {
                return assessment
            }
            let reason = value.isFinite ? ", beyond \(Self.largest)" : ""
            var failed = assessment
            failed.score = .failed(
                GraderFailure(
                    function: name, kind: .notFinite, message: "returned \(value)\(reason)"))
            return failed
        }
    }

    /// Combines the scores that the functions gave one completion, in their order.
    /// - Throws: the `GraderFailure` of a function whose policy is to stop.
    public func verdict(of scores: [Score]) throws(GraderFailure) -> Verdict {
        var total = 0.0
        var components: [Reward.Component] = []
        var excluding: GraderFailure?
        var hasWeighted = false
        var allAbstained = true
        for (item, score) in zip(items, scores) {
            var component = Reward.Component(name: item.function.name, score: nil)
            let counts = item.weight != 0
            hasWeighted = hasWeighted || counts
            switch score {
            case .value(let value): component.score = value
            case .abstained: break
            case .failed(let failure):
                component.failure = failure
                switch item.failurePolicy {
                case .stop: throw failure
                case .zero: component.score = 0
                case .exclude where counts: excluding = excluding ?? failure
                case .exclude: break
                }
            }
            if counts, score != .abstained { allAbstained = false }
            if let value = component.score { total += item.weight * value }
            components.append(component)
        }
        let reward = Reward(total: total, components: components)
        if let excluding { return .failed(excluding, partial: reward) }
        return hasWeighted && allAbstained ? .abstained : .scored(reward)
    }
}
