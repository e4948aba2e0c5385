/// Options of group relative policy optimisation (DeepSeekMath, arXiv 2402.03300), by TRL's names.
///
/// One flat table as in TRL; what belongs together is described in a file of its own:
/// `GRPOConfig+Policy`, `+Divergence`, `+Advantages`, `+Entropy`, `+OffPolicy`.
public struct GRPOConfig: TrainedSection {
    /// Prompts a step; a step draws `numPrompts · numGenerations` completions.
    public var numPrompts = 8
    /// Completions a prompt: the group.
    public var numGenerations = 8
    /// Passes over the completions of a step.
    public var numIterations = 1
    /// Parts that the completions of a step are cut into; `nil`: ``gradientAccumulationSteps``, so that
    /// a pass over them is one optimiser step.
    public var stepsPerGeneration: Int?
    /// Parts whose gradients are added up for one optimiser step.
    public var gradientAccumulationSteps = 1
    /// Overlong filtering of DAPO (arXiv 2503.14476, §3.4).
    public var maskTruncatedCompletions = false

    public var lossType: LossType = .dapo
    public var importanceSamplingLevel: ImportanceSamplingLevel = .token
    public var epsilon = 0.2
    /// `nil`: ``epsilon``, or 5 with ``LossType/cispo``; see ``upperBound``.
    public var epsilonHigh: Double?
    /// `nil` sets no bound.
    public var delta: Double?
    public var sapoTemperaturePos = 1.0
    public var sapoTemperatureNeg = 1.05
    public var vespoKPos = 2.0
    public var vespoLambdaPos = 3.0
    public var vespoKNeg = 3.0
    public var vespoLambdaNeg = 2.0

    /// Weight of the KL term; 0 needs no reference model.
    public var beta = 0.0
    public var klEstimator: KLEstimator = .k3
    public var klPlacement: KLPlacement = .loss
    public var useBiasCorrectionKL = true
    public var syncRefModel = false
    public var refModelMixupAlpha = 0.6
    /// Optimiser steps from one mixing to the next.
    public var refModelSyncSteps = 512

    public var scaleRewards: RewardScale = .group
    public var advantageBaseline: AdvantageBaseline = .groupMean
    public var multiObjectiveAggregation: MultiObjectiveAggregation = .sumThenNormalize
    /// `nil` leaves advantages as they are.
    public var advantageClip: Double?

    public var topEntropyQuantile = 1.0
    public var entropyCoef = 0.0
    public var useAdaptiveEntropy = false
    public var entropyCoefMin = 0.0
    public var entropyCoefMax = 1.0
    public var entropyCoefDelta = 0.005
    /// Nats a token.
    public var entropyTarget = 0.2

    /// Nats a token; `nil` masks nothing.
    public var offPolicyMaskThreshold: Double?
    public var importanceSamplingCorrection: ImportanceSamplingCorrection = .none
    /// `nil` sets no upper bound.
    public var importanceSamplingClipMax: Double? = 3.0
    /// `nil` sets no lower bound.
    public var importanceSamplingClipMin: Double?

    public var trainSteps: Int?
    public var numTrainEpochs: Double?
    public var microBatchTokens: Int?

    public init() {}

    public static let defaults = GRPOConfig()
    public static let summary = "Options of method grpo."
    public static let fields: [ConfigField<GRPOConfig>] =
        [
            ConfigField(
                "num_prompts", \.numPrompts,
                "Prompts a step; each gets num_generations completions.",
                .atLeast(1)),
            ConfigField(
                "num_generations", \.numGenerations, "Completions a prompt: the group.",
                .atLeast(
                    2,
                    because: "a completion is judged against the others of its group; 8 is usual"),
                synonyms: ["group_size"]),
            ConfigField(
                "num_iterations", \.numIterations, "Passes over the completions of a step.",
                .atLeast(1, below: 1000), synonyms: ["ppo_epochs"]),
            .optional(
                "steps_per_generation", \.stepsPerGeneration,
                "Parts that the completions of a step are cut into. Every "
                    + "gradient_accumulation_steps of them make one optimiser step. Default: "
                    + "gradient_accumulation_steps, so that one pass is one optimiser step.",
                .atLeast(1, below: 1_000_000), synonyms: ["updates_per_iteration"]),
            ConfigField(
                "gradient_accumulation_steps", \.gradientAccumulationSteps,
                "Parts whose gradients are added up for one optimiser step; changes memory and speed, "
                    + "not the gradient. micro_batch_tokens bounds memory whatever the lengths.",
                .atLeast(1)),
            ConfigField(
                "mask_truncated_completions", \.maskTruncatedCompletions,
                "Leave completions that reached max_completion_length out of the loss."),
        ] + policyFields + divergenceFields + advantageFields + entropyFields + offPolicyFields
        + lengthFields

    public static let checks: [ConfigCheck<GRPOConfig>] =
        [
            lengthCheck,
            ConfigCheck("num_prompts", "num_generations") { config, _ in
                let completions = config.numPrompts * config.numGenerations
                guard completions > Int(Int32.max) else { return nil }
                return "with num_generations, makes \(completions) completions a step; at most "
                    + "\(Int32.max) can be counted"
            },
            ConfigCheck("steps_per_generation", "gradient_accumulation_steps") { config, _ in
                let (parts, added) = (config.partsPerGeneration, config.gradientAccumulationSteps)
                guard !parts.isMultiple(of: added) else { return nil }
                return "must be a multiple of gradient_accumulation_steps (\(added)), so that the "
                    + "parts of a step make whole optimiser steps; is \(parts)"
            },
            ConfigCheck("steps_per_generation", "num_prompts") { config, _ in
                let updates = config.updatesPerIteration
                guard config.numPrompts % updates != 0 else { return nil }
                return "makes \(updates) optimiser steps of the completions of a step, which must "
                    + "divide num_prompts (\(config.numPrompts)), so that each sees whole groups"
            },
            ConfigCheck("gradient_accumulation_steps", "num_prompts", "num_generations") {
                config, _ in
                let completions = config.numPrompts * config.numGenerations
                guard config.partsPerGeneration > completions else { return nil }
                return "cuts the \(completions) completions of a step into "
                    + "\(config.partsPerGeneration) parts; some would be empty"
            },
        ] + policyChecks + divergenceChecks + advantageChecks + entropyChecks + offPolicyChecks

    /// Parts that the completions of a step are cut into, in one pass.
    public var partsPerGeneration: Int { stepsPerGeneration ?? gradientAccumulationSteps }

    /// Optimiser steps in one pass over the completions of a step.
    public var updatesPerIteration: Int {
        max(partsPerGeneration / gradientAccumulationSteps, 1)
    }

    /// Steps of a run over `rows` training rows.
    public func steps(rows: Int) -> Int {
        trainSteps
            ?? TrainingLength.steps(
                epochs: numTrainEpochs ?? 1, rows: rows, rowsPerStep: numPrompts)
    }
}
