import HoneCore
import HoneRewards
import Synchronization
import Testing

@Suite struct RubricTests {
    /// Gives each completion the score at its position.
    struct Fixed: RewardFunction {
        let name: String
        let scores: [Score]
        func score(_ request: GradingRequest) async -> [Score] { scores }
    }

    static let broken = GraderFailure(function: "b", kind: .raised, message: "no")

    @Test func totalIsTheWeightedSumOverFunctionsThatDidNotAbstain() async throws {
        let rubric = try Rubric([
            .init(Fixed(name: "a", scores: [.value(1), .value(0.5)]), weight: 0.25),
            .init(Fixed(name: "b", scores: [.value(2), .abstained]), weight: 2),
        ])
        let verdicts = try await rubric.grade([gradingRequest(["x", "y"])])
        // 0.25 · 1 + 2 · 2, and 0.25 · 0.5 alone.
        #expect(verdicts[0].map { $0.reward?.total } == [4.25, 0.125])
        #expect(
            verdicts[0][1].components == [
                .init(name: "a", score: 0.5), .init(name: "b", score: nil),
            ])
        #expect(rubric.componentNames == ["a", "b"])
    }

    @Test func aFailureExcludesItsCompletionAndKeepsTheOtherScores() async throws {
        let rubric = try Rubric([
            .init(Fixed(name: "a", scores: [.value(1), .value(1)])),
            .init(Fixed(name: "b", scores: [.failed(Self.broken), .value(1)])),
        ])
        let verdicts = try await rubric.grade([gradingRequest(["x", "y"])])[0]
        #expect(verdicts[0].failure == Self.broken)
        #expect(verdicts[0].components.map(\.score) == [1, nil])
        #expect(verdicts[1].reward?.total == 2)
    }

    @Test func aFailureCountsZeroWhereDeclaredAndIsStillRecorded() async throws {
        let rubric = try Rubric([
            .init(Fixed(name: "a", scores: [.value(1)])),
            .init(Fixed(name: "b", scores: [.failed(Self.broken)]), failurePolicy: .zero),
        ])
        let verdict = try await rubric.grade([gradingRequest(["x"])])[0][0]
        #expect(verdict.reward?.total == 1)
        #expect(verdict.components[1] == .init(name: "b", score: 0, failure: Self.broken))
    }

    @Test func aFailureStopsWhereDeclared() async throws {
        let rubric = try Rubric([
            .init(Fixed(name: "b", scores: [.failed(Self.broken)]), failurePolicy: .stop)
        ])
        await #expect(throws: Self.broken) { try await rubric.grade([gradingRequest(["x"])]) }
    }

    @Test func aFunctionOfWeightZeroIsShownAndExcludesNothing() async throws {
        let rubric = try Rubric([
            .init(Fixed(name: "a", scores: [.value(1), .abstained])),
            .init(Fixed(name: "b", scores: [.failed(Self.broken), .value(7)]), weight: 0),
        ])
        let verdicts = try await rubric.grade([gradingRequest(["x", "y"])])[0]
        #expect(verdicts[0].reward?.total == 1)
        #expect(verdicts[0].components[1].failure == Self.broken)
        #expect(verdicts[1] == .abstained)
    }

    @Test func scoresThatAreNotFiniteOrMissingAreFailures() async throws {
        let rubric = try Rubric([.init(Fixed(name: "a", scores: [.value(.nan), .value(1)]))])
        let verdicts = try await rubric.grade([gradingRequest(["x", "y"])])[0]
        #expect(verdicts[0].failure?.kind == .notFinite)
        #expect(verdicts[1].reward?.total == 1)
        let short = try await rubric.grade([gradingRequest(["x", "y", "z"])])[0]
        #expect(short.allSatisfy { $0.failure?.message == "returned 2 scores for 3 completions" })
    }

    @Test func namesMustDiffer() {
        #expect(throws: RewardError.duplicateName("a")) {
            try Rubric([.init(Fixed(name: "a", scores: [])), .init(Fixed(name: "a", scores: []))])
        }
        #expect(throws: RewardError.noFunctions) { try Rubric([]) }
    }

    @Test func groupsAndFunctionsRunConcurrently() async throws {
        /// Scores 1 once all expected calls have begun, 0 if they do not within half a minute.
        struct Meeting: RewardFunction {
            let name: String
            let begun: Counter
            func score(_ request: GradingRequest) async -> [Score] {
                begun.increment()
                for _ in 0..<3000 where begun.value < 20 {
                    try? await Task.sleep(for: .milliseconds(10))
                }
                return request.completions.map { _ in .value(begun.value == 20 ? 1 : 0) }
            }
        }
        let begun = Counter()
        let rubric = try Rubric([
            .init(Meeting(name: "a", begun: begun)), .init(Meeting(name: "b", begun: begun)),
        ])
        let verdicts = try await rubric.grade((0..<10).map { _ in gradingRequest(["x"]) })
        #expect(verdicts.map { $0.map { $0.reward?.total } } == Array(repeating: [2], count: 10))
    }

    final class Counter: Sendable {
        private let count = Mutex(0)
        var value: Int { count.withLock { $0 } }
        func increment() { count.withLock { $0 += 1 } }
    }

    @Test func aClosureIsARewardFunction() async throws {
        struct Refusal: Error {}
        let reward = ClosureReward("brevity") { completion, row in
            if completion.isEmpty { throw Refusal() }
            return completion.count < 3 ? 1 : 0
        }
        #expect(await reward.values(["ab", "abc", ""]) == [1, 0, nil])
    }
}
