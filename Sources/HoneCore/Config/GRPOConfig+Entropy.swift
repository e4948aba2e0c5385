extension GRPOConfig {
    static let entropyFields: [ConfigField<GRPOConfig>] = [
        ConfigField(
            "top_entropy_quantile", \.topEntropyQuantile,
            "Share of tokens, by highest entropy, that keep their policy loss; 1 keeps all, 0.2 is "
                + "the paper's (arXiv 2506.01939).", .above(0, upTo: 1)),
        ConfigField(
            "entropy_coef", \.entropyCoef,
            "Weight of the entropy bonus: the mean entropy of the tokens in nats is taken from the "
                + "loss. With use_adaptive_entropy the first value.", .atLeast(0),
            synonyms: ["entropy_bonus", "entropy_coeff"]),
        ConfigField(
            "use_adaptive_entropy", \.useAdaptiveEntropy,
            "Raise entropy_coef while entropy is at or below entropy_target, lower it above "
                + "(Skywork-OR1, arXiv 2505.22312)."),
        ConfigField(
            "entropy_coef_min", \.entropyCoefMin, "Lowest coefficient of adaptive entropy.",
            .atLeast(0)),
        ConfigField(
            "entropy_coef_max", \.entropyCoefMax, "Highest coefficient of adaptive entropy.",
            .atLeast(0)),
        ConfigField(
            "entropy_coef_delta", \.entropyCoefDelta,
            "Change of the coefficient in one optimiser step.", .above(0)),
        ConfigField(
            "entropy_target", \.entropyTarget,
            "Mean entropy of a token in nats below which the bonus is at work; take it from the "
                + "entropy metric of the first steps.", .above(0)),
    ]

    static let entropyChecks: [ConfigCheck<GRPOConfig>] = [
        ConfigCheck("use_adaptive_entropy") { config, _ in
            let keys = [
                "entropy_coef_min", "entropy_coef_max", "entropy_coef_delta", "entropy_target",
            ]
            guard !config.useAdaptiveEntropy, let key = config.firstChanged(of: keys) else {
                return nil
            }
            return "\(key) has no effect without use_adaptive_entropy: true"
        },
        ConfigCheck("entropy_coef", "use_adaptive_entropy", "entropy_coef_min", "entropy_coef_max")
        { config, _ in
            let (low, high) = (config.entropyCoefMin, config.entropyCoefMax)
            guard config.useAdaptiveEntropy, config.entropyCoef < low || config.entropyCoef > high
            else { return nil }
            return "must lie between entropy_coef_min (\(low)) and entropy_coef_max (\(high)), is "
                + "\(config.entropyCoef)"
        },
    ]
}
