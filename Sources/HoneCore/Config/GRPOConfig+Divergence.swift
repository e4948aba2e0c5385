extension GRPOConfig {
    /// Estimates of the divergence from the reference at one token; d = log π − log π_ref.
    public enum KLEstimator: String, ConfigChoice {
        /// d.
        case k1
        /// d² / 2.
        case k2
        /// e^(−d) − 1 + d.
        case k3
        /// |d|.
        case abs
    }

    /// Where the divergence counts.
    public enum KLPlacement: String, ConfigChoice {
        /// β times the estimate is added to each token's loss.
        case loss
        /// β times the completion's sum is taken from its reward, before advantages are made.
        case reward
    }

    static let divergenceFields: [ConfigField<GRPOConfig>] = [
        ConfigField(
            "beta", \.beta, "Weight of the KL divergence to the reference model; 0 needs none.",
            .atLeast(0), synonyms: ["kl_coef", "kl_loss_coef", "init_kl_coef"]),
        ConfigField(
            "kl_estimator", \.klEstimator,
            "How the divergence is estimated at a token, with d = log π - log π_ref: k1 d; k2 d²/2; "
                + "k3 e^-d - 1 + d; abs |d|.", synonyms: ["kl_loss_type", "kl_penalty"]),
        ConfigField(
            "kl_placement", \.klPlacement,
            "loss: part of each token's loss. reward: taken from the completion's reward.",
            synonyms: ["use_kl_in_reward", "use_kl_loss"]),
        ConfigField(
            "use_bias_correction_kl", \.useBiasCorrectionKL,
            "Multiply the KL term by the importance ratio, so that its gradient is that of the "
                + "reverse KL (arXiv 2512.02556)."),
        ConfigField(
            "sync_ref_model", \.syncRefModel,
            "Let the reference follow the policy (TR-DPO, arXiv 2404.09656)."),
        ConfigField(
            "ref_model_mixup_alpha", \.refModelMixupAlpha,
            "Share of the policy in the moved reference.", .above(0, upTo: 1)),
        ConfigField(
            "ref_model_sync_steps", \.refModelSyncSteps,
            "Optimiser steps from one move of the reference to the next.", .atLeast(1)),
    ]

    static let divergenceChecks: [ConfigCheck<GRPOConfig>] = [
        ConfigCheck("beta") { config, _ in
            let keys = ["kl_estimator", "kl_placement", "sync_ref_model"]
            guard config.beta == 0, let key = config.firstChanged(of: keys) else { return nil }
            return "is 0, so there is no reference and \(key) has no effect; set beta, such as "
                + "0.04, or remove \(key)"
        },
        ConfigCheck("ref_model_mixup_alpha", "sync_ref_model") { config, _ in
            let keys = ["ref_model_mixup_alpha", "ref_model_sync_steps"]
            guard !config.syncRefModel, let key = config.firstChanged(of: keys) else { return nil }
            return "\(key) has no effect without sync_ref_model: true"
        },
        ConfigCheck("kl_placement", "multi_objective_aggregation") { config, _ in
            guard config.klPlacement == .reward,
                config.multiObjectiveAggregation == .normalizeThenSum
            else { return nil }
            return "reward needs one total to take the divergence from, which normalize_then_sum "
                + "has not; set kl_placement: loss"
        },
    ]
}
