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

    @Test func ratioOneGivesThePlainPolicyGradient() {
        let objective = ClippedObjective(epsilon: 0.2, epsilonHigh: 0.2)
        let tokens = objective.tokenLosses(
            of: completion(logProbability: -1.5, old: -1.5, advantage: 0.75))
        #expect(tokens.losses == [-0.75])
        #expect(tokens.slopes == [-0.75])
    }

    @Test func theClipStopsAPromisingTokenFromRunningAway() {
        let objective = ClippedObjective(epsilon: 0.2, epsilonHigh: 0.28)
        // ratio = e^0.5 ≈ 1.65 > 1.28: the loss is −1.28 · 2 and no longer depends on the policy.
        let tokens = objective.tokenLosses(
            of: completion(logProbability: -1, old: -1.5, advantage: 2))
        #expect(abs(tokens.losses[0] + 2.56) < 1e-12)
        #expect(tokens.slopes == [0])
        #expect(tokens.isClippedHigh == [true])
    }

    @Test func aBadTokenThatGrewIsNotProtectedByTheClip() {
        let objective = ClippedObjective(epsilon: 0.2, epsilonHigh: 0.2)
        // ratio ≈ 1.65 with a negative advantage: min() takes the unclipped, worse term.
        let tokens = objective.tokenLosses(
            of: completion(logProbability: -1, old: -1.5, advantage: -2))
        #expect(abs(tokens.losses[0] - 2 * exp(0.5)) < 1e-6)
        #expect(tokens.isClippedHigh == [false] && tokens.isClippedLow == [false])
    }

    @Test(arguments: [ReferenceDivergence.plain, .biasCorrected])
    func slopesAgreeWithFiniteDifferences(divergence: ReferenceDivergence) {
        var generator = SystemRandomNumberGenerator()
        let objective = GRPOObjective(
            policy: ClippedObjective(epsilon: 0.2, epsilonHigh: 0.28), beta: 0.3,
            divergence: divergence)
        var compared = 0
        while compared < 200 {
            let now = Double(Float(Double.random(in: -3...(-0.1), using: &generator)))
            let old = now + Double.random(in: -0.6...0.6, using: &generator)
            let reference = now + Double.random(in: -0.6...0.6, using: &generator)
            let advantage = Double.random(in: -2...2, using: &generator)
            let step = 1.0 / 4096
            func loss(_ at: Double) -> Double {
                objective.evaluate(
                    [
                        completion(
                            logProbability: at, old: old, reference: reference,
                            advantage: advantage)
                    ], weights: [1]
                ).loss
            }
            // Differences across a clip's corner say nothing about either side.
            let ratio = exp(now - Double(Float(old)))
            guard abs(ratio - 0.8) > 1e-3, abs(ratio - 1.28) > 1e-3 else { continue }
            compared += 1
            let slope = (loss(now + step) - loss(now - step)) / (2 * step)
            let analytic = objective.evaluate(
                [
                    completion(
                        logProbability: now, old: old, reference: reference, advantage: advantage)
                ], weights: [1]
            ).gradients[0][0]
            #expect(abs(slope - Double(analytic)) < 2e-4 * max(1, abs(slope)))
        }
    }

    @Test func k3IsZeroAtAgreementAndPositiveElsewhere() {
        let same = ReferenceDivergence.plain.k3(
            logProbability: -2, old: -2, reference: -2)
        #expect(same.value == 0 && same.slope == 0)
        // d = 0.5: e^0.5 − 0.5 − 1.
        let apart = ReferenceDivergence.plain.k3(
            logProbability: -2, old: -2, reference: -1.5)
        #expect(abs(apart.value - (exp(0.5) - 1.5)) < 1e-12)
        #expect(abs(apart.slope - (1 - exp(0.5))) < 1e-12)
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
        #expect(evaluation.clips[0].trained == 1)
    }

    @Test func weightsFollowTheLossType() {
        func weights(_ type: GRPOConfig.LossType) -> [Double] {
            LossNormalization(lossType: type, maxCompletionLength: 10).weights(
                trainedTokens: [2, 6])
        }
        #expect(weights(.grpo) == [1.0 / 4, 1.0 / 12])
        #expect(weights(.bnpo) == [1.0 / 8, 1.0 / 8])
        #expect(weights(.dapo) == [1.0 / 8, 1.0 / 8])
        #expect(weights(.drGRPO) == [1.0 / 20, 1.0 / 20])
    }
}
