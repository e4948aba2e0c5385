import HoneCore

/// Times the phases of a step.
struct PhaseClock {
    enum Phase: String, CaseIterable {
        case generate, grade, update
    }

    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private var last: ContinuousClock.Instant
    private var seconds: [Phase: Double] = [:]

    init() {
        start = clock.now
        last = start
    }

    /// Ends `phase`, which began at the previous lap.
    mutating func lap(_ phase: Phase) {
        let now = clock.now
        seconds[phase, default: 0] += (now - last).seconds
        last = now
    }

    /// Ends `phase`, of which the last `share` seconds belong to `other`.
    mutating func lap(_ phase: Phase, ofWhich share: Double, _ other: Phase) {
        lap(phase)
        seconds[phase, default: 0] -= share
        seconds[other, default: 0] += share
    }

    /// Seconds of each phase and of the step, and tokens per second of the phases that handle tokens.
    func metrics(generated: Int, updated: Int) -> OrderedMetrics {
        var metrics: OrderedMetrics = [("step_time", (last - start).seconds)]
        for phase in Phase.allCases {
            metrics.append(("time/\(phase.rawValue)", seconds[phase] ?? 0))
        }
        let counts: [(Phase, Int)] = [(.generate, generated), (.update, updated)]
        for (phase, tokens) in counts {
            guard let spent = seconds[phase], spent > 0 else { continue }
            metrics.append(("tokens_per_second/\(phase.rawValue)", Double(tokens) / spent))
        }
        return metrics
    }
}

extension Duration {
    package var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
