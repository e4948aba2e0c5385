extension GRPOConfig {
    /// What an advantage is divided by.
    public enum RewardScale: String, ConfigChoice {
        /// The standard deviation within the group.
        case group
        /// The standard deviation over the batch.
        case batch
        /// Nothing.
        case none
    }

    /// What a completion's reward is compared with.
    public enum AdvantageBaseline: String, ConfigChoice {
        /// The mean of its group, itself included.
        case groupMean = "group_mean"
        /// The mean of the others of its group.
        case leaveOneOut = "leave_one_out"
    }

    /// How several reward functions become one advantage.
    public enum MultiObjectiveAggregation: String, ConfigChoice {
        /// The weighted sum is compared within the group.
        case sumThenNormalize = "sum_then_normalize"
        /// Each function is compared within the group by itself; the weighted sum of that is then
        /// normalised over the batch.
        case normalizeThenSum = "normalize_then_sum"
    }

    static let advantageFields: [ConfigField<GRPOConfig>] = [
        ConfigField(
            "scale_rewards", \.scaleRewards,
            "What advantages are divided by: the standard deviation of the group, of the batch, or "
                + "none."),
        ConfigField(
            "advantage_baseline", \.advantageBaseline,
            "What is taken from a reward: the mean of its group, or of the group's others (RLOO, "
                + "arXiv 2402.14740).", synonyms: ["use_leave_one_out_baseline", "baseline"]),
        ConfigField(
            "multi_objective_aggregation", \.multiObjectiveAggregation,
            "With several rewards: sum_then_normalize compares their weighted sum within the group; "
                + "normalize_then_sum compares each by itself (GDPO, arXiv 2601.05242)."),
        .optional(
            "advantage_clip", \.advantageClip,
            "Largest size of an advantage. Absent: no bound.", .above(0),
            synonyms: ["advantage_clip_range", "advantage_clipping"]),
    ]

    static let advantageChecks: [ConfigCheck<GRPOConfig>] = [
        ConfigCheck("multi_objective_aggregation", "scale_rewards", "advantage_baseline") {
            config, _ in
            let keys = ["scale_rewards", "advantage_baseline"]
            guard config.multiObjectiveAggregation == .normalizeThenSum,
                let key = config.firstChanged(of: keys)
            else {
                return nil
            }
            return "normalize_then_sum has a scale and a baseline of its own; remove \(key)"
        }
    ]
}
