import HoneCore
import OrderedCollections

/// A language model as a judge (Zheng et al., "Judging LLM-as-a-Judge", arXiv 2306.05685): asks a
/// chat endpoint about each completion and reads a score from its answer. Range: see ``JudgeScale``.
///
/// A group has one deadline. A question that finds no answer until then, or one from which no score
/// can be read, scores the fallback where the recipe declares one, and is a failure otherwise.
public actor JudgeReward: AssessingRewardFunction, MeasuredRewardFunction {
    public nonisolated let name: String
    private let endpoint: any ChatEndpoint
    /// What distinguishes the endpoint in the cache.
    private let address: String
    private let question: JudgeQuestion
    private let deadline: Duration
    private let fallback: Double?
    private let price: JudgePrice
    private let cache: JudgeCache?
    private var tally = JudgeTally()

    init(
        name: String, endpoint: any ChatEndpoint, address: String, question: JudgeQuestion,
        deadline: Duration, fallback: Double?, price: JudgePrice, cache: JudgeCache?
    ) {
        self.name = name
        self.endpoint = endpoint
        self.address = address
        self.question = question
        self.deadline = deadline
        self.fallback = fallback
        self.price = price
        self.cache = cache
    }

    public func assess(_ request: GradingRequest) async -> [Assessment] {
        let end = ContinuousClock.now + deadline
        return await withTaskGroup(of: (Int, Assessment).self) { tasks in
            for index in request.completions.indices {
                tasks.addTask { (index, await self.assess(request, index, before: end)) }
            }
            var assessments: [Int: Assessment] = [:]
            for await (index, assessment) in tasks { assessments[index] = assessment }
            return request.completions.indices.compactMap { assessments[$0] }
        }
    }

    public func takeMetrics() -> OrderedMetrics {
        defer { tally = JudgeTally() }
        return tally.metrics(name, price: price)
    }

    private func assess(
        _ request: GradingRequest, _ index: Int, before end: ContinuousClock.Instant
    ) async -> Assessment {
        let begun = ContinuousClock.now
        tally.questions += 1
        do {
            guard
                let chat = try question.request(
                    request, completion: request.completions[index], function: name)
            else {
                // An output without what the question needs is an answer nobody can give.
                return Assessment(score: .value(question.scale.lowest))
            }
            if let known = await cache?.answer(to: chat, at: address) {
                tally.cached += 1
                return Assessment(
                    score: .value(try question.scale.score(of: known)), output: known)
            }
            let answer = try await endpoint.answer(chat, before: end)
            let seconds = (.now - begun) / .seconds(1)
            tally.seconds += seconds
            tally.slowest = max(tally.slowest, seconds)
            tally.retries += answer.attempts - 1
            tally.promptTokens += answer.promptTokens
            tally.completionTokens += answer.completionTokens
            let score = try question.scale.score(of: answer.text)
            // Only an answer that could be read is worth keeping.
            await cache?.keep(answer.text, for: chat, at: address)
            return Assessment(score: .value(score), output: answer.text, seconds: seconds)
        } catch {
            return settle(error, seconds: (.now - begun) / .seconds(1))
        }
    }

    /// What stands for an answer that did not come or could not be read.
    private func settle(_ error: any Error, seconds: Double) -> Assessment {
        if let failure = error as? GraderFailure {
            tally.failures += 1
            return Assessment(score: .failed(failure), seconds: seconds)
        }
        if let fallback {
            tally.fallbacks += 1
            return Assessment(
                score: .value(fallback), warning: "scored the fallback \(fallback): \(error)",
                seconds: seconds)
        }
        tally.failures += 1
        let kind: GraderFailure.Kind =
            if case ChatFailure.late = error { .timedOut } else { .unavailable }
        return Assessment(
            score: .failed(GraderFailure(function: name, kind: kind, message: "\(error)")),
            seconds: seconds)
    }
}
