import HoneCore
import Testing

@testable import HoneTraining

@Suite struct AdvantageTests {
    @Test func groupScalingDividesByTheGroupsUnbiasedDeviation() {
        let estimator = AdvantageEstimator(scaling: .group)
        // Rewards 0, 1, 1: mean 2/3, squared distances 4/9 + 1/9 + 1/9 = 6/9, variance 1/3.
        let deviation = (1.0 / 3).squareRoot() + 1e-4
        let advantages = estimator.advantages(of: [[0, 1, 1]])[0]
        #expect(abs(Double(advantages[0]!) - (-2.0 / 3) / deviation) < 1e-6)
        #expect(abs(Double(advantages[1]!) - (1.0 / 3) / deviation) < 1e-6)
    }

    @Test func batchScalingDividesByTheDeviationOfAllRewards() {
        let estimator = AdvantageEstimator(scaling: .batch)
        // All rewards 0, 2, 1, 1: mean 1, variance (1 + 1) / 3.
        let deviation = (2.0 / 3).squareRoot() + 1e-4
        let advantages = estimator.advantages(of: [[0, 2], [1, 1]])
        #expect(abs(Double(advantages[0][1]!) - 1 / deviation) < 1e-6)
        #expect(advantages[1] == [0, 0])
    }

    @Test func noScalingOnlySubtractsTheMean() {
        let advantages = AdvantageEstimator(scaling: .none).advantages(of: [[0, 3]])
        #expect(advantages == [[-1.5, 1.5]])
    }

    @Test func aFailedCompletionNeitherGetsNorShiftsAnAdvantage() {
        let estimator = AdvantageEstimator(scaling: .group)
        let whole = estimator.advantages(of: [[0, 1]])[0]
        let withFailure = estimator.advantages(of: [[0, nil, 1]])[0]
        #expect(withFailure == [whole[0], nil, whole[1]])
    }

    @Test(arguments: [0.1, 1.0 / 3, 0.7])
    func equalRewardsGiveExactlyZero(reward: Double) {
        let group = [Double?](repeating: reward, count: 7)
        let advantages = AdvantageEstimator(scaling: .group).advantages(of: [group])[0]
        #expect(advantages.allSatisfy { $0 == 0 })
    }
}
