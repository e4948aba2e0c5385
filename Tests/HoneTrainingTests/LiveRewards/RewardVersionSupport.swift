import HoneCore
import HoneTraining
import OrderedCollections
import TestSupport

/// Versions of reward functions for tests.
enum Versions {
    static func reward(
        _ name: String, text: String? = nil, weight: Double = 1, origin: String = "/nowhere/r.py"
    ) -> VersionedReward {
        VersionedReward(
            number: 0,
            declaration: RewardConfig(
                name: name, type: text == nil ? "length" : "python", weight: weight,
                options: text == nil ? [:] : ["file": "r.py"]),
            folder: "/nowhere",
            source: text.map { RewardSource(name: "r.py", texts: ["r.py": $0], origin: origin) })
    }

    /// Gives each function the number of its version, or the length of its text, as its score.
    struct Maker: GraderMaker {
        struct Numbers: Grader {
            var rewards: [VersionedReward]

            func functions() -> [FunctionInForce] {
                rewards.map { FunctionInForce($0.function, weight: $0.declaration.weight) }
            }

            func grade(_ requests: [GradingRequest]) throws -> [[Verdict]] {
                try requests.map { request in
                    try request.completions.map { _ in try verdict }
                }
            }

            private var verdict: Verdict {
                get throws {
                    if rewards.contains(where: { $0.source?.texts["r.py"] == "stop" }) {
                        throw GraderFailure(function: "a", kind: .raised, message: "stop")
                    }
                    let fails = rewards.first { $0.source?.texts["r.py"] == "fail" }
                    let components = rewards.map { reward in
                        Reward.Component(
                            name: reward.function, score: Double(reward.number),
                            failure: reward == fails
                                ? GraderFailure(
                                    function: reward.function, kind: .raised, message: "never")
                                : nil)
                    }
                    let reward = Reward(
                        total: components.reduce(0) { $0 + ($1.score ?? 0) },
                        components: components)
                    guard let failure = components.compactMap(\.failure).first else {
                        return .scored(reward)
                    }
                    return .failed(failure, partial: reward)
                }
            }
        }

        func grader(
            of rewards: [VersionedReward], files: [String: String], for use: GradingUse
        ) throws -> any Grader {
            if rewards.contains(where: { $0.source?.texts["r.py"] == "syntax" }) {
                throw GraderFailure(function: "a", kind: .raised, message: "SyntaxError")
            }
            return Numbers(rewards: rewards)
        }
    }

    /// Completions that are kept in memory.
    struct Kept: StoredCompletions {
        var steps: [[RecordedGroup]]

        func forEachStep(
            in range: ClosedRange<Int>?, _ body: ([RecordedGroup]) async throws -> Void
        ) async throws {
            for step in steps { try await body(step) }
        }

        func latest(_ count: Int) -> [[RecordedGroup]] { steps }
    }

    static func proposal(
        _ id: String, _ functions: [VersionedReward], basis: [String],
        intent: RewardProposal.Intent = .apply
    ) -> RewardProposal {
        RewardProposal(
            id: id, reason: .update, basis: basis, functions: functions, completions: 8,
            intent: intent)
    }

    /// Keeps what is told.
    actor Ear {
        private(set) var answers: [RewardAnswer] = []
        func hear(_ answer: RewardAnswer) { answers.append(answer) }
    }
}
