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
        var metrics = Self.metrics("reward", "reward_std", of: totals)
        for (function, scores) in zip(functions, scores) {
            for curve in function.curves {
                metrics += Self.metrics(
                    "rewards/\(curve)/mean", "rewards/\(curve)/std", of: scores)
            }
        }
        for k in Set(passCounts + [1]).sorted() {
            let estimates = rows.compactMap {
                PassCriterion.passAtK(samples: $0.samples, solutions: $0.solutions, k: k)
            }
            metrics.append(("pass@\(k)", Self.mean(estimates)))
        }
        metrics.append(("rewards/failures", Double(failures)))
        metrics.append(("completions/mean_length", Self.mean(lengths)))
        metrics.append(
            ("completions/clipped_ratio", Double(truncated) / Double(max(lengths.count, 1))))
        return metrics
    }

    /// NaN for no values: what nobody measured is not 0.
    private static func mean(_ values: [Double]) -> Double {
        values.isEmpty ? .nan : Spread(of: values).mean
    }

    /// Mean and standard deviation, both NaN for no values.
    private static func metrics(
        _ mean: String, _ deviation: String, of values: [Double]
    ) -> OrderedMetrics {
        let spread = Spread(of: values)
        return [(mean, Self.mean(values)), (deviation, values.isEmpty ? .nan : spread.deviation)]
    }
}
