extension GRPOConfig {
    /// The loss of a token and what the token losses are divided by.
    public enum LossType: String, ConfigChoice {
        /// Clipped; mean within each completion, then over completions.
        case grpo
        /// Clipped; over the tokens of the batch.
        case bnpo
        /// Clipped; over completions × `max_completion_length`.
        case drGRPO = "dr_grpo"
        /// Clipped; over the tokens of the whole batch.
        case dapo
        /// The ratio, cut off, weighs the plain policy gradient; over the tokens of the whole batch.
        case cispo
        /// A smooth gate in place of the clip; as grpo.
        case sapo
        /// Clipped sequence ratio; sum over the tokens of each completion, mean over completions.
        case luspo
        /// A gamma curve of the sequence's ratio weighs the plain policy gradient; over all tokens.
        case vespo

        /// Whether the interval of `epsilon` and `epsilon_high` decides.
        var isClipped: Bool {
            switch self {
            case .grpo, .bnpo, .drGRPO, .dapo, .luspo: true
            case .cispo, .sapo, .vespo: false
            }
        }
    }

    /// What importance ratios are taken of.
    public enum ImportanceSamplingLevel: String, ConfigChoice {
        /// Each token (GRPO).
        case token
        /// The completion, normalised by its length (GSPO).
        case sequence
    }

    /// The interval's end above 1; the bound itself with ``LossType/cispo``.
    public var upperBound: Double { epsilonHigh ?? (lossType == .cispo ? 5 : epsilon) }

    static let policyFields: [ConfigField<GRPOConfig>] = [
        ConfigField(
            "loss_type", \.lossType,
            "grpo, bnpo, dr_grpo, dapo: the clipped loss, divided by the completion's length, the "
                + "batch's tokens, max_completion_length, the batch's tokens. luspo: clipped, by "
                + "sequences. cispo, sapo, vespo: a cut-off ratio, a smooth gate, a gamma curve "
                + "instead of the clip."),
        ConfigField(
            "importance_sampling_level", \.importanceSamplingLevel,
            "token: a ratio for each token. sequence: one for the completion (GSPO); with loss_type "
                + "grpo, epsilon 3e-4 and epsilon_high 4e-4."),
        ConfigField(
            "epsilon", \.epsilon, "How far a probability ratio may fall below 1 before clipping.",
            .above(0, below: 1), synonyms: ["epsilon_low", "clip_range", "clip_ratio_low"]),
        .optional(
            "epsilon_high", \.epsilonHigh,
            "How far the ratio may rise above 1; with cispo the largest ratio itself. Default: "
                + "epsilon; with cispo 5.", .above(0), synonyms: ["clip_ratio_high"]),
        .optional(
            "delta", \.delta,
            "Bound on the ratio where the advantage is negative: dual clip. 3 is usual. Absent: "
                + "none.", .above(1), synonyms: ["dual_clip", "clip_ratio_c", "ratio_clip_c"]),
        ConfigField(
            "sapo_temperature_pos", \.sapoTemperaturePos,
            "How fast sapo's gate closes where the advantage is positive.", .above(0)),
        ConfigField(
            "sapo_temperature_neg", \.sapoTemperatureNeg,
            "How fast sapo's gate closes elsewhere.", .above(0)),
        ConfigField(
            "vespo_k_pos", \.vespoKPos,
            "Power of vespo's curve for positive advantages: presses small ratios down.",
            .atLeast(0)),
        ConfigField(
            "vespo_lambda_pos", \.vespoLambdaPos,
            "Decay of vespo's curve for positive advantages: presses large ratios down.", .above(0)
        ),
        ConfigField(
            "vespo_k_neg", \.vespoKNeg, "Power of vespo's curve for negative advantages.",
            .atLeast(0)),
        ConfigField(
            "vespo_lambda_neg", \.vespoLambdaNeg, "Decay of vespo's curve for negative advantages.",
            .above(0)),
    ]

    static let policyChecks: [ConfigCheck<GRPOConfig>] = [
        ConfigCheck("importance_sampling_level", "loss_type") { config, _ in
            switch (config.lossType, config.importanceSamplingLevel) {
            case (.luspo, .token):
                "luspo is a loss of whole sequences; set importance_sampling_level: sequence"
            case (.vespo, .sequence):
                "vespo makes the sequence's ratio itself; set importance_sampling_level: token"
            default: nil
            }
        },
        ConfigCheck("delta", "loss_type", "epsilon", "epsilon_high") { config, _ in
            guard let delta = config.delta else { return nil }
            guard config.lossType.isClipped else {
                return "bounds the ratio of a clipped loss, which \(config.lossType.rawValue) is "
                    + "not; remove it"
            }
            guard delta <= 1 + config.upperBound else { return nil }
            return "must lie above 1 + epsilon_high (\(1 + config.upperBound)), or it would decide "
                + "before that does; is \(delta)"
        },
        ConfigCheck("epsilon_high", "loss_type") { config, _ in
            guard [.sapo, .vespo].contains(config.lossType), config.epsilonHigh != nil else {
                return nil
            }
            return "\(config.lossType.rawValue) does not clip; remove it, or choose loss_type: dapo"
        },
        ConfigCheck("epsilon", "loss_type") { config, _ in
            guard !config.lossType.isClipped, config.epsilon != defaults.epsilon else { return nil }
            return "is the end of an interval below 1, which \(config.lossType.rawValue) has not; "
                + "remove it, or choose loss_type: dapo"
        },
        ConfigCheck("sapo_temperature_pos", "loss_type") { config, _ in
            let keys = ["sapo_temperature_pos", "sapo_temperature_neg"]
            guard config.lossType != .sapo, let key = config.firstChanged(of: keys) else {
                return nil
            }
            return "\(key) belongs to loss_type: sapo; remove it"
        },
        ConfigCheck("vespo_k_pos", "loss_type") { config, _ in
            let keys = ["vespo_k_pos", "vespo_lambda_pos", "vespo_k_neg", "vespo_lambda_neg"]
            guard config.lossType != .vespo, let key = config.firstChanged(of: keys) else {
                return nil
            }
            return "\(key) belongs to loss_type: vespo; remove it"
        },
    ]
}
