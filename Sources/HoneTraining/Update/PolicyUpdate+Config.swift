import HoneCore
import HoneModels

extension PolicyUpdate {
    /// The update that a recipe describes.
    convenience init(
        model: DecoderModel, reference: ReferencePolicy, config: TrainingConfig,
        step: OptimizerStep, record: ActivationRecord? = nil
    ) {
        let grpo = config.grpo
        let correction = SamplingCorrection(grpo)
        self.init(
            model: model, reference: reference,
            packer: BatchPacker(
                tokenBudget: grpo.microBatchTokens ?? TokenBudget.standard(for: model)),
            objective: GRPOObjective(grpo, correction: correction),
            normalization: LossNormalization(
                lossType: grpo.lossType,
                maxCompletionLength: config.sampling.maxCompletionLength),
            temperature: config.sampling.temperature,
            iterations: grpo.numIterations, stepsPerIteration: grpo.updatesPerIteration,
            accumulation: grpo.gradientAccumulationSteps, step: step,
            topEntropyQuantile: grpo.topEntropyQuantile,
            penalty: grpo.beta != 0 && grpo.klPlacement == .reward
                ? RewardPenalty(
                    beta: grpo.beta, estimator: grpo.klEstimator,
                    advantages: AdvantageEstimator(
                        grpo, rewardWeights: config.rewards.map(\.weight))) : nil,
            correction: correction, entropyControl: EntropyControl(grpo),
            reused: record.map { ReusedActivations($0, of: model.dtype) })
    }
}

extension GRPOObjective {
    init(_ config: GRPOConfig, correction: SamplingCorrection?) {
        var weightings: [any TokenWeighting] = []
        if let threshold = config.offPolicyMaskThreshold {
            weightings.append(OffPolicyMask(threshold: threshold))
        }
        // VESPO makes the correction part of its sequence weight.
        if let correction, config.lossType != .vespo { weightings.append(correction) }
        self.init(
            policy: config.policyObjective(correction: correction),
            level: config.importanceSamplingLevel,
            beta: config.klPlacement == .loss ? config.beta : 0,
            divergence: ReferenceDivergence(
                estimator: config.klEstimator,
                correction: config.useBiasCorrectionKL ? .importanceRatio : .none),
            weightings: weightings)
    }
}

extension GRPOConfig {
    fileprivate func policyObjective(correction: SamplingCorrection?) -> any PolicyObjective {
        switch lossType {
        case .grpo, .bnpo, .drGRPO, .dapo, .luspo:
            ClippedObjective(epsilon: epsilon, epsilonHigh: upperBound, delta: delta)
        case .cispo: CISPOObjective(epsilonHigh: upperBound)
        case .sapo:
            SAPOObjective(
                positiveTemperature: sapoTemperaturePos, negativeTemperature: sapoTemperatureNeg)
        case .vespo:
            VESPOObjective(
                positive: .init(k: vespoKPos, lambda: vespoLambdaPos),
                negative: .init(k: vespoKNeg, lambda: vespoLambdaNeg), correction: correction)
        }
    }
}

extension SamplingCorrection {
    /// `nil` where the recipe asks for none.
    init?(_ config: GRPOConfig) {
        let minimum = config.importanceSamplingClipMin ?? 0
        let maximum = config.importanceSamplingClipMax ?? .infinity
        switch config.importanceSamplingCorrection {
        case .none: return nil
        case .tokenTruncate:
            self.init(scope: .token, outside: .truncated, minimum: minimum, maximum: maximum)
        case .tokenMask:
            self.init(scope: .token, outside: .masked, minimum: minimum, maximum: maximum)
        case .sequenceTruncate:
            self.init(scope: .sequence, outside: .truncated, minimum: minimum, maximum: maximum)
        case .sequenceMask:
            self.init(scope: .sequence, outside: .masked, minimum: minimum, maximum: maximum)
        }
    }
}

extension ReferenceMotion {
    /// `nil` for a reference that stays.
    init?(_ config: GRPOConfig) {
        guard config.syncRefModel else { return nil }
        self.init(share: config.refModelMixupAlpha, interval: config.refModelSyncSteps)
    }
}
