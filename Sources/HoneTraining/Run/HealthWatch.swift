import HoneCore
import OrderedCollections

/// Watches the metrics of a run for signs of collapse and says what to try.
///
/// Every figure is averaged over a window of steps, so one odd batch raises no alarm. A warning is given
/// when its condition begins to hold and again only after it has ceased to hold for a window. The state
/// is part of checkpoints: a resumed run gives the warnings of the uninterrupted one.
actor HealthWatch: CheckpointPart {
    nonisolated let checkpointName = "health"

    private let config: TripwireConfig
    /// The values of the first window, and of the latest, by metric.
    private var first: OrderedDictionary<String, [Double]> = [:]
    private var latest: OrderedDictionary<String, [Double]> = [:]
    /// Steps for which each condition has not held since its warning.
    private var quiet: OrderedDictionary<String, Int> = [:]

    init(_ config: TripwireConfig) { self.config = config }

    private static let watched = [
        "entropy", "completions/mean_length", "completions/clipped_ratio", "frac_reward_zero_std",
        "kl",
    ]

    /// What is to be said after `record`.
    func warnings(after record: StepRecord) -> [String] {
        for (name, value) in record.metrics where Self.watched.contains(name) && value.isFinite {
            if first[name, default: []].count < config.window {
                first[name, default: []].append(value)
            }
            latest[name, default: []].append(value)
            if latest[name, default: []].count > config.window { latest[name]?.removeFirst() }
        }
        return (conditions + failures(in: record)).compactMap { condition -> String? in
            guard condition.holds else {
                if let steps = quiet[condition.name] {
                    quiet[condition.name] = steps + 1 < config.window ? steps + 1 : nil
                }
                return nil
            }
            defer { quiet[condition.name] = 0 }
            return quiet[condition.name] == nil ? condition.message : nil
        }
    }

    private struct Condition {
        var name: String
        var holds: Bool
        var message: String
    }

    private var conditions: [Condition] {
        [
            fallen(
                "entropy", below: config.entropyRatio,
                "the policy hardly explores any more. Try a higher grpo.epsilon_high (0.28), an "
                    + "entropy bonus, a lower optimizer.learning_rate, or more beta"),
            fallen(
                "completions/mean_length", below: config.lengthRatio,
                "completions shrink. See whether a reward pays for saying little: read "
                    + "completions.jsonl, and try a lower optimizer.learning_rate"),
            risen(
                "completions/clipped_ratio", to: config.clippedRatio,
                "most completions are cut off before they end. Try a larger "
                    + "sampling.max_completion_length, a soft overlong penalty, or "
                    + "grpo.mask_truncated_completions"),
            risen(
                "frac_reward_zero_std", to: config.zeroStdGroups,
                "nearly all groups are without signal. Try filter_groups, more "
                    + "grpo.num_generations, prompts of another difficulty, or a reward with more than "
                    + "two values"),
            risen(
                "kl", to: config.kl,
                "the policy is far from its reference. Try more grpo.beta, a lower "
                    + "optimizer.learning_rate, or an earlier checkpoint"),
        ].compactMap { $0 }
    }

    /// For each reward function, whether it failed for completions of the step, and how.
    private func failures(in record: StepRecord) -> [Condition] {
        var calls: OrderedDictionary<String, Int> = [:]
        var failed: OrderedDictionary<String, [GraderFailure]> = [:]
        for component in record.completions.flatMap(\.verdict.components) {
            calls[component.name, default: 0] += 1
            if let failure = component.failure {
                failed[component.name, default: []].append(failure)
            }
        }
        return calls.map { name, count in
            let failures = failed[name] ?? []
            let first = failures.first.map { "\($0.kind.rawValue): \($0.message)" } ?? ""
            return Condition(
                name: "failures of \(name)", holds: !failures.isEmpty,
                message: "reward function \(name) failed for \(failures.count) of \(count) "
                    + "completions of this step; the first \(first). hone runs logs shows each, and "
                    + "hone train --simulate tries functions before a run")
        }
    }

    private func fallen(_ name: String, below share: Double?, _ advice: String) -> Condition? {
        guard let share, let (before, now) = means(name) else { return nil }
        return Condition(
            name: name, holds: now < share * before,
            message: "\(name) fell from \(Self.text(before)) to \(Self.text(now)): \(advice)")
    }

    private func risen(_ name: String, to bound: Double?, _ advice: String) -> Condition? {
        guard let bound, let (_, now) = means(name) else { return nil }
        return Condition(
            name: name, holds: now >= bound,
            message: "\(name) is \(Self.text(now)) over the last \(config.window) steps: \(advice)")
    }

    /// Means of the first and the latest window; `nil` before there is a whole one.
    private func means(_ name: String) -> (first: Double, latest: Double)? {
        guard let first = first[name], let latest = latest[name], latest.count == config.window
        else { return nil }
        return (Spread(of: first).mean, Spread(of: latest).mean)
    }

    /// Three significant digits.
    private static func text(_ value: Double) -> String {
        guard value != 0, value.isFinite else { return "\(value)" }
        var scale = 1.0
        while abs(value) * scale < 100 { scale *= 10 }
        return "\((value * scale).rounded() / scale)"
    }

    func checkpointState() -> JSONValue {
        func json(_ values: OrderedDictionary<String, [Double]>) -> JSONValue {
            .object(values.mapValues { .array($0.map { .double($0) }) })
        }
        return [
            "first": json(first), "latest": json(latest),
            "quiet": .object(quiet.mapValues { .int($0) }),
        ]
    }

    func restore(from state: JSONValue) {
        func values(_ key: String) -> OrderedDictionary<String, [Double]> {
            (state[key]?.objectValue ?? [:]).mapValues {
                ($0.arrayValue ?? []).compactMap(\.doubleValue)
            }
        }
        first = values("first")
        latest = values("latest")
        quiet = (state["quiet"]?.objectValue ?? [:]).compactMapValues(\.intValue)
    }
}

/// Tells whoever watches a run also what a ``HealthWatch`` has to say of it.
struct WatchedObserver: RunObserver {
    let watch: HealthWatch
    let observer: any RunObserver

    func record(_ event: RunEvent) async {
        await observer.record(event)
        guard case .step(let record) = event else { return }
        for message in await watch.warnings(after: record) {
            await observer.record(.warning(step: record.step, message: message))
        }
    }
}
