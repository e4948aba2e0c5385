import HoneCore
import Testing

@testable import HoneTraining

@Suite struct DifficultyFeedTests {
    private static func feed(_ rows: Int = 6, perStep: Int = 2, fraction: Double = 0) throws
        -> DifficultyFeed
    {
        DifficultyFeed(
            try PromptStreamTests.stream(rows, perStep: perStep, extent: .epochs(1)),
            memory: DifficultyConfig(metric: "right", easyThreshold: 0.75, easyFraction: fraction),
            seed: 3)
    }

    private static func group(_ prompt: EncodedPrompt, _ scores: [Double]) -> RolloutGroup {
        RolloutGroup(
            prompt: prompt, rollouts: [],
            verdicts: scores.map {
                .scored(Reward(total: 0, components: [.init(name: "right", score: $0)]))
            })
    }

    /// Asks `steps` and reports rows below `easy` as solved, others as not; returns what was asked.
    private static func walk(
        _ feed: DifficultyFeed, _ steps: ClosedRange<Int>, easy: Int
    ) async throws -> [[Int]] {
        var asked: [[Int]] = []
        for step in steps {
            let batch = try await feed.prompts(step: step, round: 0)
            asked.append(batch.prompts.map(\.row.index))
            let groups = batch.prompts.map {
                Self.group($0, $0.row.index < easy ? [1, 1, 1, 0] : [0])
            }
            _ = await feed.learn(from: groups, step: step)
        }
        return asked
    }

    @Test func solvedPromptsArePassedOverAfterTheFirstEpoch() async throws {
        let feed = try Self.feed()
        // Rows 0 to 3 have a mean of 0.75, which is the threshold; 4 and 5 stay hard.
        let asked = try await Self.walk(feed, 1...6, easy: 4)
        #expect(Set(asked[0..<3].joined()) == [0, 1, 2, 3, 4, 5])
        for step in 3..<6 { #expect(Set(asked[step]) == [4, 5]) }
    }

    @Test func aFractionOfTheSolvedIsAskedAllTheSame() async throws {
        let all = try Self.feed(40, perStep: 4, fraction: 1)
        let asked = try await Self.walk(all, 1...20, easy: 40).joined()
        #expect(asked.count == 80 && Set(asked).count == 40)

        // With every row solved and a tenth asked, two epochs' worth of steps walk many epochs.
        let some = try Self.feed(40, perStep: 4, fraction: 0.25)
        _ = try await Self.walk(some, 1...10, easy: 40)
        let before = try await some.prompts(step: 11, round: 0).epoch
        for step in 11...30 { _ = try await some.prompts(step: step, round: 0) }
        let after = try await some.prompts(step: 31, round: 0).epoch
        // 20 steps of 4 prompts at a quarter each: about 320 rows, that is 8 epochs.
        #expect((5...12).contains(after - before))
    }

    @Test func whenEverythingIsSolvedAStepStillHasPrompts() async throws {
        let asked = try await Self.walk(try Self.feed(), 1...5, easy: 6)
        #expect(asked.allSatisfy { $0.count == 2 && Set($0).count == 2 })
    }

    @Test func furtherBatchesOfAStepAskOtherRows() async throws {
        let feed = try Self.feed()
        var rows: [Int] = []
        for round in 0..<4 {
            rows += try await feed.prompts(step: 1, round: round).prompts.map(\.row.index)
        }
        // Three batches use up the six rows, the fourth is empty.
        #expect(rows.count == 6 && Set(rows).count == 6)
    }

    @Test func aResumedRunAsksWhatTheUninterruptedOneWouldHave() async throws {
        let whole = try Self.feed(12, perStep: 3, fraction: 0.3)
        let straight = try await Self.walk(whole, 1...12, easy: 7)

        let begun = try Self.feed(12, perStep: 3, fraction: 0.3)
        _ = try await Self.walk(begun, 1...5, easy: 7)
        let text = await begun.checkpointState().text()
        let resumed = try Self.feed(12, perStep: 3, fraction: 0.3)
        await resumed.restore(from: try JSONValue(parsing: text))
        #expect(try await Self.walk(resumed, 6...12, easy: 7) == Array(straight[5...]))
    }

    @Test func furtherBatchesOfThePlainOrderAskOtherRowsToo() throws {
        let stream = try PromptStreamTests.stream(10, perStep: 3, extent: .epochs(1))
        let rounds = try (0..<4).map { round in
            try stream.prompts(step: 2, round: round).prompts.map(\.row.index)
        }
        #expect(rounds.map(\.count) == [3, 3, 3, 1])
        #expect(Set(rounds.joined()).count == 10)
        #expect(try stream.prompts(step: 2, round: 1).prompts.map(\.row.index) == rounds[1])
        #expect(try stream.prompts(step: 3, round: 1).prompts.map(\.row.index) != rounds[1])
    }
}
