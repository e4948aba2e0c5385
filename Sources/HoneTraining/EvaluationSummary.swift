import HoneCore

/// Collects the verdicts of an evaluation row by row.
struct EvaluationSummary {
    let functions: [FunctionInForce]
    let criterion: PassCriterion
    let passCounts: [Int]
    private var totals: [Double] = []
    private var scores: [[Double]]
    private var failures = 0
    private var lengths: [Double] = []
    private var truncated = 0
    /// Solutions among the samples whose score is known, by row.
    private var rows: [(samples: Int, solutions: Int)] = []

    init(functions: [FunctionInForce], criterion: PassCriterion, passCounts: [Int]) {
        self.functions = functions
        self.criterion = criterion
        self.passCounts = passCounts
        scores = functions.map { _ in [] }
    }

    mutating func add(verdicts: [Verdict], completions: [Completion]) {
        totals += verdicts.compactMap { $0.reward?.total }
        for verdict in verdicts {
            for (index, function) in functions.enumerated() {
                guard
                    let component = verdict.components.first(where: { $0.name == function.name })
                else { continue }
                if let score = component.score { scores[index].append(score) }
            }
            if verdict.components.contains(where: { $0.failure != nil }) || verdict.failure != nil {
                failures += 1
            }
        }
        let known = verdicts.compactMap(criterion.isMet)
        rows.append((known.count, known.count { $0 }))
        lengths += completions.map { Double($0.tokens.count) }
        truncated += completions.count { $0.finishReason == .length }
    }

    var metrics: OrderedMetrics {
        let reward = Self.meanAndDeviation(totals)
        var metrics: OrderedMetrics = [
            ("reward", reward.mean), ("reward_std", reward.deviation),
        ]
        for (function, scores) in zip(functions, scores) {
            let spread = Self.meanAndDeviation(scores)
            for curve in function.curves {
                metrics.append(("rewards/\(curve)/mean", spread.mean))
                metrics.append(("rewards/\(curve)/std", spread.deviation))
            }
        }
        for k in Set(passCounts + [1]).sorted() {
            let estimates = rows.compactMap {
                PassCriterion.passAtK(samples: $0.samples, solutions: $0.solutions, k: k)
            }
            metrics.append(("pass@\(k)", Self.meanAndDeviation(estimates).mean))
        }
        metrics.append(("rewards/failures", Double(failures)))
        metrics.append(("completions/mean_length", Self.meanAndDeviation(lengths).mean))
        metrics.append(
            ("completions/clipped_ratio", Double(truncated) / Double(max(lengths.count, 1))))
        return metrics
    }

    /// Mean and sample standard deviation (n − 1); NaN for no values, 0 deviation for one.
    private static func meanAndDeviation(_ values: [Double]) -> (mean: Double, deviation: Double) {
        guard !values.isEmpty else { return (.nan, .nan) }
        let mean = values.reduce(0, +) / Double(values.count)
        guard values.count > 1 else { return (mean, 0) }
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (mean, (squares / Double(values.count - 1)).squareRoot())
    }
}
