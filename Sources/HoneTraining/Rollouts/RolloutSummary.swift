import HoneCore

/// What a batch of graded completions looks like as metrics by TRL's names.
struct RolloutSummary {
    let metrics: OrderedMetrics
    let completionTokens: Int

    init(groups: [RolloutGroup], functions: [FunctionInForce]) {
        let (rollouts, verdicts) = (groups.map(\.rollouts), groups.map(\.verdicts))
        let completions = rollouts.joined().map(\.completion)
        completionTokens = completions.reduce(0) { $0 + $1.tokens.count }
        let promptTokens = rollouts.joined().reduce(0) { $0 + $1.promptTokens.count }
        metrics =
            [("num_tokens", Double(promptTokens + completionTokens))]
            + Self.rewards(verdicts, functions) + Self.lengths(completions)
    }

    private static func rewards(
        _ verdicts: [[Verdict]], _ functions: [FunctionInForce]
    ) -> OrderedMetrics {
        let groups = verdicts.map { $0.compactMap { $0.reward?.total } }
        let all = Spread(of: Array(groups.joined()))
        let silent = groups.count { Spread(of: $0).deviation == 0 }
        var metrics: OrderedMetrics = [
            ("reward", all.mean), ("reward_std", all.deviation),
            ("frac_reward_zero_std", Double(silent) / Double(max(groups.count, 1))),
        ]
        for function in functions {
            let scores = verdicts.joined().compactMap { verdict in
                verdict.components.first { $0.name == function.name }?.score
            }
            let spread = Spread(of: scores)
            for curve in function.curves {
                metrics.append(("rewards/\(curve)/mean", spread.mean))
                metrics.append(("rewards/\(curve)/std", spread.deviation))
            }
        }
        // With on_error: zero a completion keeps its reward, yet its failure is still one.
        let failures = verdicts.joined().count { verdict in
            verdict.failure != nil || verdict.components.contains { $0.failure != nil }
        }
        metrics.append(("rewards/failures", Double(failures)))
        return metrics
    }

    private static func lengths(_ completions: [Completion]) -> OrderedMetrics {
        let lengths = completions.map { Double($0.tokens.count) }
        let ended = completions.filter { $0.finishReason == .stop }.map { Double($0.tokens.count) }
        let count = Double(max(completions.count, 1))
        return [
            ("completions/mean_length", Spread(of: lengths).mean),
            ("completions/min_length", lengths.min() ?? 0),
            ("completions/max_length", lengths.max() ?? 0),
            ("completions/clipped_ratio", 1 - Double(ended.count) / count),
            ("completions/mean_terminated_length", Spread(of: ended).mean),
            ("completions/min_terminated_length", ended.min() ?? 0),
            ("completions/max_terminated_length", ended.max() ?? 0),
        ]
    }
}
