import Foundation
import HoneCore
import TestSupport
import Testing

@testable import HoneTraining

@Suite struct AdvantageTests {
    @Test func groupScalingDividesByTheGroupsUnbiasedDeviation() {
        let estimator = AdvantageEstimator(scaling: .group)
        // Rewards 0, 1, 1: mean 2/3, squared distances 4/9 + 1/9 + 1/9 = 6/9, variance 1/3.
        let deviation = (1.0 / 3).squareRoot() + 1e-4
        let advantages = estimator.advantages(of: [[0, 1, 1]] as [[Double?]])[0]
        #expect(abs(Double(advantages[0]!) - (-2.0 / 3) / deviation) < 1e-6)
        #expect(abs(Double(advantages[1]!) - (1.0 / 3) / deviation) < 1e-6)
    }

    @Test func batchScalingDividesByTheDeviationOfAllRewards() {
        let estimator = AdvantageEstimator(scaling: .batch)
        // All rewards 0, 2, 1, 1: mean 1, variance (1 + 1) / 3.
        let deviation = (2.0 / 3).squareRoot() + 1e-4
        let advantages = estimator.advantages(of: [[0, 2], [1, 1]] as [[Double?]])
        #expect(abs(Double(advantages[0][1]!) - 1 / deviation) < 1e-6)
        #expect(advantages[1] == [0, 0])
    }

    @Test func noScalingOnlySubtractsTheMean() {
        let advantages = AdvantageEstimator(scaling: .none).advantages(of: [[0, 3]] as [[Double?]])
        #expect(advantages == [[-1.5, 1.5]])
    }

    @Test func aFailedCompletionNeitherGetsNorShiftsAnAdvantage() {
        let estimator = AdvantageEstimator(scaling: .group)
        let whole = estimator.advantages(of: [[0, 1]] as [[Double?]])[0]
        let withFailure = estimator.advantages(of: [[0, nil, 1]] as [[Double?]])[0]
        #expect(withFailure == [whole[0], nil, whole[1]])
    }

    @Test(arguments: [0.1, 1.0 / 3, 0.7])
    func equalRewardsGiveExactlyZero(reward: Double) {
        let group = [Double?](repeating: reward, count: 7)
        let advantages = AdvantageEstimator(scaling: .group).advantages(of: [group])[0]
        #expect(advantages.allSatisfy { $0 == 0 })
    }

    @Test func leaveOneOutComparesWithTheOthers() {
        let estimator = AdvantageEstimator(scaling: .none, baseline: .leaveOneOut)
        // 0 against the mean of 1 and 5, 1 against 2.5, 5 against 0.5; the failure has no part.
        let rewards: [[Double?]] = [[0, 1, nil, 5]]
        #expect(estimator.advantages(of: rewards) == [[-3, -1.5, nil, 4.5]])
        // Alone there is nothing to compare with.
        #expect(estimator.advantages(of: [[2, nil]] as [[Double?]]) == [[0, nil]])
    }

    @Test func advantagesCanBeBounded() {
        let estimator = AdvantageEstimator(scaling: .none, clip: 1)
        #expect(estimator.advantages(of: [[0, 3, 1.4, 1.6]] as [[Double?]])[0][0] == -1)
        #expect(estimator.advantages(of: [[0, 3]] as [[Double?]]) == [[-1, 1]])
    }

    private struct Fixture: Decodable {
        var tolerance: Double
        var cases: [String: Case]

        struct Case: Decodable {
            var rewards: [[Double?]]
            var options: Options
            var advantages: [Double]
        }

        struct Options: Decodable {
            var scale_rewards: String?
            var multi_objective_aggregation: String?
            var reward_weights: [Double]?
        }
    }

    /// TRL's own advantages of two groups of three under three rewards, one of which does not judge
    /// every completion (`Tools/fixtures/objective.py`). In the sparse ones some completions are judged by
    /// none: TRL gives them 0, here they have no advantage and leave their group.
    @Test(
        arguments: [
            "group", "batch", "none", "weighted", "normalize_then_sum",
            "normalize_then_sum_weighted", "group_sparse", "batch_sparse", "none_sparse",
            "weighted_sparse", "normalize_then_sum_sparse",
        ])
    func agreesWithTRL(name: String) throws {
        let fixture = try JSONDecoder().decode(
            Fixture.self, from: Fixtures.data("objective/advantage_cases.json"))
        let expected = try #require(fixture.cases[name])
        let weights = expected.options.reward_weights ?? [1, 1, 1]
        var config = GRPOConfig()
        if let scale = expected.options.scale_rewards {
            config.scaleRewards = try #require(GRPOConfig.RewardScale(rawValue: scale))
        }
        if let aggregation = expected.options.multi_objective_aggregation {
            config.multiObjectiveAggregation = try #require(
                GRPOConfig.MultiObjectiveAggregation(rawValue: aggregation))
        }
        let verdicts = expected.rewards.map { scores -> Verdict in
            guard scores.contains(where: { $0 != nil }) else { return .abstained }
            let total = zip(scores, weights).reduce(0) { $0 + ($1.0 ?? 0) * $1.1 }
            return .scored(
                Reward(
                    total: total,
                    components: scores.enumerated().map { .init(name: "r\($0)", score: $1) }))
        }
        let groups = [Array(verdicts[..<3]), Array(verdicts[3...])]
        let own = AdvantageEstimator(config, rewardWeights: weights).advantages(of: groups)
        for (own, (theirs, scores)) in zip(
            own.joined(), zip(expected.advantages, expected.rewards))
        {
            #expect((own == nil) == scores.allSatisfy { $0 == nil })
            let own = own ?? 0
            #expect(abs(Double(own) - theirs) <= fixture.tolerance * max(abs(theirs), 1))
        }
    }
}
