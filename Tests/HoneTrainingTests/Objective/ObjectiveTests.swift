import Foundation
import HoneCore
import Testing

@testable import HoneTraining

@Suite struct ObjectiveTests {
    private func completion(
        logProbability: Double, old: Double, reference: Double? = nil, advantage: Double
    ) -> ScoredCompletion {
        ScoredCompletion(
            logProbabilities: [Float(logProbability)], oldLogProbabilities: [Float(old)],
            referenceLogProbabilities: reference.map { [Float($0)] }, isTrained: [true],
            advantage: advantage)
    }

    private func loss(
        _ objective: some PolicyObjective, ratio: Double, advantage: Double
    ) -> TokenLoss {
        let completion = completion(logProbability: -1, old: -1 - log(ratio), advantage: advantage)
        return objective.tokenLosses(
            of: completion, ratios: ImportanceRatios(of: completion, level: .token))[0]
    }

    @Test func ratioOneGivesThePlainPolicyGradient() {
        let loss = loss(
            ClippedObjective(epsilon: 0.2, epsilonHigh: 0.2), ratio: 1, advantage: 0.75)
        #expect(loss.value == -0.75)
        #expect(loss.ratioSlope == -0.75)
    }

    @Test func theClipStopsAPromisingTokenFromRunningAway() {
        let loss = loss(
            ClippedObjective(epsilon: 0.2, epsilonHigh: 0.28), ratio: exp(0.5), advantage: 2)
        // e^0.5 ≈ 1.65 > 1.28: the loss is −1.28 · 2 and no longer depends on the policy.
        #expect(abs(loss.value + 2.56) < 1e-12)
        #expect(loss.ratioSlope == 0)
        #expect(loss.bound == .high)
    }

    @Test func aBadTokenThatGrewIsNotProtectedByTheClip() {
        let loss = loss(
            ClippedObjective(epsilon: 0.2, epsilonHigh: 0.2), ratio: exp(0.5), advantage: -2)
        // min() takes the unclipped, worse term.
        #expect(abs(loss.value - 2 * exp(0.5)) < 1e-6)
        #expect(loss.bound == .none)
    }

    /// −max(min(ρA, clamp(ρ)A), cA) for A < 0 (arXiv 1912.09729), −min(ρA, clamp(ρ)A) else.
    @Test func deltaIsDualClip() {
        let objective = ClippedObjective(epsilon: 0.2, epsilonHigh: 0.3, delta: 3)
        for ratio in stride(from: 0.05, to: 6, by: 0.05) {
            for advantage in [-1.5, -0.2, 0.4, 2] {
                let clamped = min(max(ratio, 0.8), 1.3) * advantage
                let plain = min(ratio * advantage, clamped)
                let dual = advantage < 0 ? max(plain, 3 * advantage) : plain
                let own = loss(objective, ratio: ratio, advantage: advantage)
                #expect(abs(own.value + dual) < 1e-5)
                if advantage < 0, ratio > 3.01 { #expect(own.ratioSlope == 0) }
            }
        }
    }

    @Test func aSequencesRatioIsTheGeometricMeanOfItsTrainedTokens() {
        let completion = ScoredCompletion(
            logProbabilities: [-1, -2, -3], oldLogProbabilities: [-1.5, -2.25, 0],
            referenceLogProbabilities: nil, isTrained: [true, true, false], advantage: 1)
        let ratios = ImportanceRatios(of: completion, level: .sequence)
        // (0.5 + 0.25) / 2; the third token has no part.
        #expect(ratios.values == Array(repeating: exp(0.375), count: 3))
        // ∂s/∂log π = s/2 for each of the two, so both share the sum of the slopes.
        #expect(ratios.pulledBack([1, 3, 0]) == [2, 2, 0])
    }

    /// Every loss, ratio level, KL estimator and weighting, against central differences of the loss
    /// with its constants held fixed.
    @Test(
        arguments: [
            GRPOConfig.LossType.grpo, .luspo, .sapo, .dapo, .cispo, .vespo,
        ], GRPOConfig.KLEstimator.allCases)
    func slopesAgreeWithFiniteDifferences(
        type: GRPOConfig.LossType, estimator: GRPOConfig.KLEstimator
    ) {
        var generator = SeededGenerator(state: 11)
        for level in GRPOConfig.ImportanceSamplingLevel.allCases {
            for correction in [ReferenceDivergence.Correction.none, .importanceRatio] {
                for _ in 0..<15 {
                    let policy: any PolicyObjective =
                        switch type {
                        case .sapo: SAPOObjective(positiveTemperature: 2, negativeTemperature: 3)
                        case .cispo: CISPOObjective(epsilonHigh: 1.2)
                        case .vespo: VESPOObjective()
                        case .dapo: ClippedObjective(epsilon: 0.2, epsilonHigh: 0.28, delta: 1.5)
                        case .grpo, .luspo, .bnpo, .drGRPO:
                            ClippedObjective(epsilon: 0.2, epsilonHigh: 0.28)
                        }
                    let objective = GRPOObjective(
                        policy: policy, level: level, beta: 0.3,
                        divergence: ReferenceDivergence(
                            estimator: estimator, correction: correction),
                        weightings: [
                            SamplingCorrection(scope: .token, outside: .truncated, maximum: 1.1)
                        ])
                    checkSlopes(objective, .random(using: &generator))
                }
            }
        }
    }

    /// A finite difference would also move what a loss takes as a constant, so the gates of CISPO and
    /// VESPO are frozen at the point where the slope is taken.
    private func checkSlopes(_ objective: GRPOObjective, _ completion: ScoredCompletion) {
        let gates = objective.policy.tokenLosses(
            of: completion, ratios: ImportanceRatios(of: completion, level: objective.level))
        var frozen = objective
        if gates.contains(where: { $0.slope != 0 }) {
            frozen.policy = FrozenGates(gates: gates.map(\.gate))
        }
        let analytic = objective.evaluate([completion], weights: [0.7]).gradients[0]
        let width = 1.0 / 1024
        for t in analytic.indices {
            func loss(_ shift: Double) -> Double {
                var moved = completion
                moved.logProbabilities[t] += Float(shift)
                return frozen.evaluate([moved], weights: [0.7]).loss
            }
            let (below, at, above) = (loss(-width), loss(0), loss(width))
            // Differences across a corner say nothing about either side.
            guard abs((above - at) - (at - below)) < 1e-5 else { continue }
            let slope = (above - below) / (2 * width)
            #expect(abs(slope - Double(analytic[t])) < 1e-3 * max(0.1, abs(slope)))
        }
    }

    @Test func estimatorsFollowTheirFormulas() {
        /// [value, slope].
        func estimate(_ estimator: GRPOConfig.KLEstimator, _ distance: Double) -> [Double] {
            let term = ReferenceDivergence(estimator: estimator).estimate(
                logProbability: -2 + distance, reference: -2)
            return [term.value, term.slope]
        }
        // d = −0.5.
        #expect(estimate(.k1, -0.5) == [-0.5, 1])
        #expect(estimate(.k2, -0.5) == [0.125, -0.5])
        #expect(estimate(.abs, -0.5) == [0.5, -1])
        let k3 = estimate(.k3, -0.5)
        #expect(abs(k3[0] - (exp(0.5) - 1.5)) < 1e-12)
        #expect(abs(k3[1] - (1 - exp(0.5))) < 1e-12)
        for estimator in GRPOConfig.KLEstimator.allCases {
            #expect(estimate(estimator, 0)[0] == 0)
        }
    }

    /// For a distribution of three tokens, Σ π · k is the divergence for k1 and k3, and the mean of the
    /// gradient of ρ · k at ρ = 1, Σ π · (k + k') · ∇log π, is the divergence's gradient for both.
    @Test(arguments: [GRPOConfig.KLEstimator.k1, .k3])
    func unbiasedEstimatorsMeanTheDivergence(estimator: GRPOConfig.KLEstimator) {
        let policy = [0.5, 0.3, 0.2]
        let reference = [0.2, 0.5, 0.3]
        let divergence = ReferenceDivergence(estimator: estimator)
        let terms = zip(policy, reference).map {
            divergence.estimate(logProbability: log($0), reference: log($1))
        }
        let exact = zip(policy, reference).reduce(0) { $0 + $1.0 * log($1.0 / $1.1) }
        let mean = zip(policy, terms).reduce(0) { $0 + $1.0 * $1.1.value }
        #expect(abs(mean - exact) < 1e-12)
        // With logits z, ∂log π_i/∂z_j = [i = j] − π_j; ∂KL/∂z_j = π_j · (log(π_j / ref_j) − KL).
        for j in policy.indices {
            let gradient = policy.indices.reduce(0) { sum, i in
                let slope = (i == j ? 1 : 0) - policy[j]
                return sum + policy[i] * (terms[i].value + terms[i].slope) * slope
            }
            let expected = policy[j] * (log(policy[j] / reference[j]) - exact)
            #expect(abs(gradient - expected) < 1e-12)
        }
    }

    @Test func untrainedTokensHaveNoPart() {
        let objective = GRPOObjective(
            policy: ClippedObjective(epsilon: 0.2, epsilonHigh: 0.2), beta: 0)
        let evaluation = objective.evaluate(
            [
                ScoredCompletion(
                    logProbabilities: [-1, -2], oldLogProbabilities: [-1, -2],
                    referenceLogProbabilities: nil, isTrained: [true, false], advantage: 1)
            ], weights: [0.5])
        #expect(evaluation.loss == -0.5)
        #expect(evaluation.gradients == [[-0.5, 0]])
        #expect(evaluation.tallies[0].ratios == 1)
    }

    @Test func weightsFollowTheLossType() {
        func weights(_ type: GRPOConfig.LossType) -> [Double] {
            LossNormalization(lossType: type, maxCompletionLength: 10).weights(
                trainedTokens: [2, 6])
        }
        for type in [GRPOConfig.LossType.grpo, .sapo] {
            #expect(weights(type) == [1.0 / 4, 1.0 / 12])
        }
        for type in [GRPOConfig.LossType.bnpo, .dapo, .cispo, .vespo] {
            #expect(weights(type) == [1.0 / 8, 1.0 / 8])
        }
        #expect(weights(.drGRPO) == [1.0 / 20, 1.0 / 20])
        #expect(weights(.luspo) == [1.0 / 2, 1.0 / 2])
    }

    @Test func quantilesInterpolateBetweenNeighbours() {
        // Sorted 1, 2, 4, 8: position 0.5 · 3 = 1.5 lies between 2 and 4.
        #expect(EntropyTerms.quantile(0.5, of: [4, 1, 8, 2]) == 3)
        #expect(EntropyTerms.quantile(1, of: [4, 1, 8, 2]) == 8)
        #expect(EntropyTerms.quantile(0, of: [4]) == 4)
    }
}

/// The plain policy gradient with given constant factors.
private struct FrozenGates: PolicyObjective {
    var gates: [Double]

    func tokenLosses(of completion: ScoredCompletion, ratios: ImportanceRatios) -> [TokenLoss] {
        zip(gates, completion.logProbabilities).map { gate, logProbability in
            let slope = -gate * completion.advantage
            return TokenLoss(value: slope * Double(logProbability), slope: slope, gate: gate)
        }
    }

    func metrics(of tallies: [ObjectiveTally]) -> OrderedMetrics { [] }
}

extension ScoredCompletion {
    /// Five tokens, the fourth untrained; every policy is near the first.
    fileprivate static func random(using generator: inout SeededGenerator) -> ScoredCompletion {
        let now = (0..<5).map { _ in Float.random(in: -3...(-0.6), using: &generator) }
        func near(_ spread: Float) -> [Float] {
            now.map { $0 + Float.random(in: -spread...spread, using: &generator) }
        }
        return ScoredCompletion(
            logProbabilities: now, oldLogProbabilities: near(0.5),
            referenceLogProbabilities: near(0.5), samplerLogProbabilities: near(0.5),
            isTrained: [true, true, true, false, true],
            advantage: Double.random(in: -2...2, using: &generator))
    }
}

/// SplitMix64, so that a failure can be looked at again.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
