/// When a run warns that its policy collapses, and how it meets numbers that are not finite.
public struct TripwireConfig: ConfigSection {
    /// Steps of a run that may be undone because a number was not finite.
    public var maxUndoneSteps = 3
    /// Steps over which the figures below are averaged.
    public var window = 10
    /// Share of the first window's entropy below which it counts as collapsed; `nil` never warns.
    public var entropyRatio: Double? = 0.1
    /// Share of the first window's completion length below which it counts as collapsed.
    public var lengthRatio: Double? = 0.25
    /// Share of completions cut off at the limit.
    public var clippedRatio: Double? = 0.8
    /// Share of groups in which all rewards are equal.
    public var zeroStdGroups: Double? = 0.9
    /// Divergence from the reference policy, nats a token.
    public var kl: Double? = 1.0

    public init() {}

    public static let defaults = TripwireConfig()
    public static let summary =
        "Warnings of collapse, and what happens when a number is not finite."
    public static let fields: [ConfigField<TripwireConfig>] = [
        ConfigField(
            "max_undone_steps", \.maxUndoneSteps,
            "A step whose loss, gradient or log-probabilities are not finite is undone; after more "
                + "than so many of them the run stops.", .atLeast(0)),
        ConfigField(
            "window", \.window, "Steps over which the figures below are averaged.", .atLeast(1)),
        .optional(
            "entropy_ratio", \.entropyRatio,
            "Warn when the entropy falls below this share of what it was in the first window; null: "
                + "never.", .above(0, below: 1)),
        .optional(
            "length_ratio", \.lengthRatio,
            "Warn when the mean length of completions falls below this share of what it was in the "
                + "first window; null: never.", .above(0, below: 1)),
        .optional(
            "clipped_ratio", \.clippedRatio,
            "Warn when this share of completions reaches max_completion_length; null: never.",
            .above(0, upTo: 1)),
        .optional(
            "frac_reward_zero_std", \.zeroStdGroups,
            "Warn when in this share of groups all rewards are equal; null: never.",
            .above(0, upTo: 1)),
        .optional(
            "kl", \.kl,
            "Warn when the divergence from the reference policy reaches this, in nats a token; null: "
                + "never.", .above(0)),
    ]
}
