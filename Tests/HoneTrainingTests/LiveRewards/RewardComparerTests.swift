import HoneCore
import OrderedCollections
import Testing

@testable import HoneTraining

@Suite struct RewardComparerTests {
    static func recorded(_ rewards: [Double?], row: Int, step: Int = 4) -> RecordedGroup {
        RecordedGroup(
            step: step, row: DatasetRow(index: row, prompt: .text("p"), columns: [:]), prompt: "p",
            completions: rewards.map {
                RecordedCompletion(
                    text: "t", tokens: 3, reward: $0, scores: ["format": $0], advantage: nil)
            })
    }

    static func verdicts(_ scores: [Double?]) -> [Verdict] {
        scores.map { score in
            guard let score else {
                let failure = GraderFailure(function: "format", kind: .raised, message: "no")
                return .failed(
                    failure,
                    partial: Reward(
                        total: 0,
                        components: [.init(name: "format", score: nil, failure: failure)]))
            }
            return .scored(
                Reward(total: score, components: [.init(name: "format", score: score)]))
        }
    }

    private static func comparison(
        _ groups: [([Double?], [Double?])]
    ) -> RewardComparison {
        var comparer = RewardComparer(advantages: AdvantageEstimator(scaling: .group))
        comparer.add(
            groups.enumerated().map { recorded($1.0, row: $0) },
            groups.map { verdicts($0.1) })
        return comparer.comparison(seconds: 2)
    }

    /// One group turned round, one that gains signal, one that loses it.
    private static let three = comparison([
        ([0, 1], [1, 0]), ([0.5, 0.5], [0, 1]), ([0, 1], [1, 1]),
    ])

    @Test func rewardsOfBothSidesAreSummarised() {
        let found = Self.three
        #expect(found.completions == 6)
        #expect(found.groups == 3)
        #expect(found.firstStep == 4 && found.lastStep == 4)
        #expect(found.seconds == 2)
        // Σ = 3 over six; squares of distances 4 · 0.25 over n − 1 = 5.
        #expect(found.old.mean == 0.5)
        #expect(abs((found.old.deviation ?? 0) - 0.2.squareRoot()) < 1e-12)
        // Four ones of six: 4 · (1/3)² + 2 · (2/3)² = 12/9 over 5.
        #expect(abs((found.new.mean ?? 0) - 4.0 / 6) < 1e-12)
        #expect(abs((found.new.deviation ?? 0) - (12.0 / 45).squareRoot()) < 1e-12)
        // All but the second member of the third group.
        #expect(found.functions.map(\.changed) == [5])
        #expect(found.steps == [.init(step: 4, old: 0.5, new: found.new.mean, flipped: 2)])
    }

    @Test func groupsGainAndLoseSignal() {
        #expect(Self.three.signal == .init(old: 2, new: 2, gained: 1, lost: 1))
    }

    @Test func onlyAdvantagesWithASignOnBothSidesFlip() {
        // The first group's two; the others are 0 on one side.
        #expect(Self.three.flips == .init(flipped: 2, compared: 6))
    }

    @Test func theLargestChangesComeFirst() {
        // Sizes 1 1 in the first group, 0.5 0.5 in the second, 1 0 in the third; unchanged is left out.
        let shifts = Self.three.largest
        #expect(shifts.map { abs($0.new - $0.old) } == [1, 1, 1, 0.5, 0.5])
        #expect(shifts.map(\.row) == [0, 0, 2, 1, 1])
        #expect(shifts[1] == .init(step: 4, row: 0, member: 1, old: 1, new: 0))
    }

    @Test func aRecordedAdvantageCountsMoreThanOneMadeUp() {
        var comparer = RewardComparer(advantages: AdvantageEstimator(scaling: .none))
        var group = Self.recorded([0, 1], row: 0)
        // As recorded, with a baseline that is no longer known, the first was the better one.
        group.completions[0].advantage = 0.5
        group.completions[1].advantage = -0.5
        let pairs = comparer.add([group], [Self.verdicts([0, 1])])
        #expect(pairs[0].map(\.oldAdvantage) == [0.5, -0.5])
        #expect(pairs[0].map(\.newAdvantage) == [-0.5, 0.5])
        #expect(comparer.comparison(seconds: 0).flips == .init(flipped: 2, compared: 2))
    }

    @Test func failuresAreCountedAndNamed() {
        let found = Self.comparison([([0, 1, 1], [nil, 1, nil])])
        #expect(found.new.count == 1)
        #expect(found.functions[0].failures == 2)
        #expect(found.failures == [.init(function: "format", message: "raised: no", count: 2)])
        // A single reward tells nothing apart.
        #expect(found.signal.lost == 1)
        // Only the second has a reward on both sides, and its new advantage is 0.
        #expect(found.flips == .init(flipped: 0, compared: 1))
    }

    @Test func functionsThatComeAndGoStandOnOneSide() {
        var comparer = RewardComparer(advantages: AdvantageEstimator(scaling: .group))
        let other = Verdict.scored(
            Reward(total: 2, components: [.init(name: "other", score: 2)]))
        comparer.add([Self.recorded([1, 0], row: 0)], [[other, other]])
        let found = comparer.comparison(seconds: 0).functions
        #expect(found.map(\.name) == ["other", "format"])
        #expect(found.map(\.old.count) == [0, 2])
        #expect(found.map(\.new.count) == [2, 0])
    }

    @Test func nothingStoredIsNothingFound() {
        let found = RewardComparer(advantages: AdvantageEstimator(scaling: .group))
            .comparison(seconds: 0)
        #expect(found.completions == 0 && found.firstStep == nil && found.old.mean == nil)
    }
}
