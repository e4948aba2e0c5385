extension GRPOConfig {
    /// How the gap between sampler and trainer is made up for.
    public enum ImportanceSamplingCorrection: String, ConfigChoice {
        case none
        /// Each token's ratio, truncated to the bounds, weighs its loss.
        case tokenTruncate = "token_truncate"
        /// As `token_truncate`, but tokens outside the bounds are left out.
        case tokenMask = "token_mask"
        /// The product over the completion, truncated to the bounds, weighs its tokens.
        case sequenceTruncate = "sequence_truncate"
        /// As `sequence_truncate`, but completions outside the bounds are left out.
        case sequenceMask = "sequence_mask"
    }

    static let offPolicyFields: [ConfigField<GRPOConfig>] = [
        .optional(
            "off_policy_mask_threshold", \.offPolicyMaskThreshold,
            "Leave out completions worse than their group from which the policy has moved further "
                + "than this, in nats a token; 0.5 is usual (arXiv 2512.02556). Absent: none.",
            .above(0)),
        ConfigField(
            "importance_sampling_correction", \.importanceSamplingCorrection,
            "Weigh tokens or sequences by the trainer's probability over the sampler's, truncated "
                + "to the bounds or masked outside: for samplers of lower precision or truncated "
                + "sampling. TRL's vllm_importance_sampling_mode.",
            synonyms: [
                "vllm_importance_sampling_correction", "vllm_importance_sampling_mode",
                "importance_sampling_mode", "rollout_correction",
            ]),
        .optional(
            "importance_sampling_clip_max", \.importanceSamplingClipMax,
            "Upper bound of that ratio; null for none.", .above(0),
            synonyms: [
                "vllm_importance_sampling_clip_max", "vllm_importance_sampling_cap",
                "importance_sampling_cap",
            ]),
        .optional(
            "importance_sampling_clip_min", \.importanceSamplingClipMin,
            "Lower bound of that ratio. Absent: none.", .above(0),
            synonyms: ["vllm_importance_sampling_clip_min"]),
    ]

    static let offPolicyChecks: [ConfigCheck<GRPOConfig>] = [
        ConfigCheck("importance_sampling_correction", "loss_type") { config, _ in
            guard config.lossType == .vespo,
                [.sequenceTruncate, .sequenceMask].contains(config.importanceSamplingCorrection)
            else { return nil }
            return "vespo multiplies the tokens' ratios itself; take token_truncate or token_mask"
        },
        ConfigCheck("importance_sampling_clip_min", "importance_sampling_clip_max") { config, _ in
            guard let low = config.importanceSamplingClipMin,
                let high = config.importanceSamplingClipMax, low >= high
            else { return nil }
            return "must lie below importance_sampling_clip_max (\(high)), is \(low)"
        },
        ConfigCheck("importance_sampling_correction", "importance_sampling_clip_max") { config, _ in
            guard config.importanceSamplingCorrection != .none,
                config.importanceSamplingClipMax == nil, config.importanceSamplingClipMin == nil
            else { return nil }
            return "needs a bound; set importance_sampling_clip_max, such as 3"
        },
        ConfigCheck("importance_sampling_clip_max", "importance_sampling_correction") {
            config, _ in
            let keys = ["importance_sampling_clip_max", "importance_sampling_clip_min"]
            guard config.importanceSamplingCorrection == .none,
                let key = config.firstChanged(of: keys)
            else {
                return nil
            }
            return "\(key) has no effect without importance_sampling_correction, such as "
                + "token_truncate"
        },
    ]
}
