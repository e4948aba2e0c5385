import HoneCore

/// What the evaluations of a run have shown so far: the best of them, and whether to go on.
struct HeldOutProgress: Sendable, Hashable {
    /// The best evaluation after a training step.
    private(set) var best: Best?
    /// The metric before the first step.
    private(set) var baseline: Double?
    /// Evaluations in a row that were not better.
    private(set) var sinceBest = 0
    /// Why the run ended before its last step.
    private(set) var stopReason: String?

    struct Best: Sendable, Hashable {
        var step: Int
        var value: Double
    }

    /// Which evaluation is better and when there have been enough.
    struct Rule: Sendable, Hashable {
        var metric: String
        var greaterIsBetter: Bool
        /// By how much a value must improve to count.
        var threshold: Double
        var patience: Int?
        var target: Double?

        init(_ config: EvaluationConfig) {
            metric = config.metricForBestModel
            greaterIsBetter = config.greaterIsBetter
            threshold = config.earlyStoppingThreshold
            patience = config.earlyStoppingPatience
            target = config.earlyStoppingTarget
        }

        func isBetter(_ value: Double, than other: Double) -> Bool {
            greaterIsBetter ? value > other + threshold : value < other - threshold
        }

        func reachesTarget(_ value: Double) -> Bool {
            guard let target else { return false }
            return greaterIsBetter ? value >= target : value <= target
        }
    }

    /// What an evaluation means for the run.
    struct Finding: Hashable {
        var isBest: Bool
        var continuation: Continuation
    }

    /// Takes in the metric of the evaluation after `step`; one that is no number is never the best.
    mutating func take(_ value: Double, step: Int, by rule: Rule) -> Finding {
        guard step > 0 else {
            baseline = value
            return Finding(isBest: false, continuation: .goOn)
        }
        let isBest = value.isFinite && (best.map { rule.isBetter(value, than: $0.value) } ?? true)
        if isBest {
            best = Best(step: step, value: value)
            sinceBest = 0
        } else {
            sinceBest += 1
        }
        if rule.reachesTarget(value) {
            stopReason = "\(rule.metric) reached \(value) on held-out rows"
        } else if let patience = rule.patience, sinceBest >= patience {
            let known = best.map { "; the best was \($0.value) at step \($0.step)" } ?? ""
            stopReason =
                "\(rule.metric) did not improve in \(sinceBest) evaluations on held-out rows\(known)"
        }
        return Finding(
            isBest: isBest, continuation: stopReason.map { .stop(reason: $0) } ?? .goOn)
    }

    var json: JSONValue {
        [
            "best_step": best.map { .int($0.step) } ?? .null,
            "best_value": best.map { .double($0.value) } ?? .null,
            "baseline": baseline.map { .double($0) } ?? .null,
            "since_best": .int(sinceBest),
            "stop_reason": stopReason.map { .string($0) } ?? .null,
        ]
    }

    init() {}

    init(_ json: JSONValue) {
        if let step = json["best_step"]?.intValue, let value = json["best_value"]?.doubleValue {
            best = Best(step: step, value: value)
        }
        baseline = json["baseline"]?.doubleValue
        sinceBest = json["since_best"]?.intValue ?? 0
        stopReason = json["stop_reason"]?.stringValue
    }
}
