import Foundation
import HoneCore

/// The live picture of a run as lines of text: what ``TerminalView`` draws.
struct RunView {
    private var run: RunDescription?
    private var step = 0
    private var metrics: [String: Double] = [:]
    private var componentNames: [String] = []
    private var rewards = Curve()
    private var losses = Curve()
    /// Seconds of the latest steps.
    private var stepTimes: [Double] = []
    private static let recentSteps = 20

    /// Takes in what happened; returns lines to print once and leave standing.
    mutating func take(_ event: RunEvent) -> [String] {
        switch event {
        case .started(let description):
            run = description
            step = description.resumedFrom
            return heading(description)
        case .step(let record):
            step = record.step
            metrics = Dictionary(
                record.metrics.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
            componentNames = record.metrics.map(\.name).compactMap { name in
                guard name.hasPrefix("rewards/"), name.hasSuffix("/mean") else { return nil }
                return String(name.dropFirst(8).dropLast(5))
            }
            metrics["reward"].map { rewards.append($0) }
            metrics["loss"].map { losses.append($0) }
            metrics["step_time"].map { stepTimes.append($0) }
            if stepTimes.count > Self.recentSteps { stepTimes.removeFirst() }
            return []
        case .evaluated(let record):
            let figures = record.metrics.filter {
                !$0.name.hasSuffix("/std") && $0.name != "reward_std"
            }
            let text = figures.map { "\($0.name) \(Figure.plain($0.value))" }
            return ["evaluated at step \(record.step): " + text.joined(separator: "  ")]
        case .checkpointed(let step, let path): return ["checkpoint of step \(step): \(path)"]
        case .warning(let step, let message): return ["warning at step \(step): \(message)"]
        case .rewardsChanged(let change):
            return [
                "rewards from step \(change.firstStep) (\(change.reason.rawValue)): "
                    + change.names.joined(separator: ", ")
            ]
        // Whoever asked is answered; what changes the run is told by the others.
        case .rewardsAnswered: return []
        case .finished(let step, let output, _):
            return ["finished after step \(step): \(output)"]
        // What stopped it is the command's last word.
        case .failed(let step, _): return step == 0 ? [] : ["stopped after step \(step)"]
        }
    }

    /// One line about the latest step, for output that is not a terminal.
    var line: String {
        var parts = ["step \(step)/\(run?.totalSteps ?? 0)"]
        if let reward = rewards.latest {
            parts.append("reward \(Figure.plain(reward))")
            parts += componentNames.map {
                "\($0) \(Figure.plain(metrics["rewards/\($0)/mean"] ?? 0))"
            }
        }
        for name in ["loss", "kl", "entropy", "completions/mean_length", "grad_norm"] {
            guard let value = metrics[name] else { continue }
            parts.append("\(name.split(separator: "/").last ?? "") \(Figure.plain(value))")
        }
        if let failures = metrics["rewards/failures"], failures > 0 {
            parts.append("grading failures \(Figure.plain(failures))")
        }
        parts.append("\(Figure.plain(metrics["step_time"] ?? 0)) s")
        if let left = secondsLeft { parts.append("left \(Figure.clock(left))") }
        return parts.joined(separator: "  ")
    }

    /// The block that is drawn again after each step.
    func block(width: Int) -> [String] {
        guard let run else { return [] }
        var lines = [progress(run, width: width)]
        guard step > run.resumedFrom else { return lines }
        if rewards.latest == nil {
            lines.append("  " + trend("loss", losses, isGoodUp: false, width: width))
        } else {
            lines.append("  " + trend("reward", rewards, isGoodUp: true, width: width))
            let parts = componentNames.map {
                "\($0) \(Figure.plain(metrics["rewards/\($0)/mean"] ?? 0))"
            }
            if parts.count > 1 { lines += Self.flowing("rewards", parts, width: width) }
        }
        lines += Self.flowing("speed", speed, width: width)
        lines += Self.flowing("health", health, width: width)
        return lines.map { Figure.cut($0, to: width) }
    }

    /// `parts` under a label, in as many lines as the width asks for; none is torn.
    static func flowing(_ label: String, _ parts: [String], width: Int) -> [String] {
        let margin = "  " + label + String(repeating: " ", count: max(1, 9 - label.count))
        var lines: [String] = []
        var line = margin
        for part in parts {
            let isFirst = line.count == margin.count
            if !isFirst, line.count + 3 + part.count > width {
                lines.append(line)
                line = String(repeating: " ", count: margin.count) + part
            } else {
                line += (isFirst ? "" : "   ") + part
            }
        }
        return lines + [line]
    }

    private func heading(_ run: RunDescription) -> [String] {
        var lines = ["\(run.name): \(run.method) on \(TerminalText.shortPath(run.model))"]
        lines += run.facts.map { "  \($0.name): \($0.value)" }
        if run.resumedFrom > 0 { lines.append("  continues after step \(run.resumedFrom)") }
        return lines
    }

    private func progress(_ run: RunDescription, width: Int) -> String {
        let share = Double(step) / Double(max(run.totalSteps, 1))
        let left = secondsLeft.map { "  \(Figure.clock($0)) left" } ?? ""
        let head = "step \(step)/\(run.totalSteps) "
        let tail =
            step == run.resumedFrom ? "  the first is under way" : " \(Int(share * 100)) %\(left)"
        let room = max(10, min(40, width - head.count - tail.count))
        let full = Int(share * Double(room))
        let bar = String(repeating: "█", count: full) + String(repeating: "░", count: room - full)
        return head + bar + tail
    }

    /// A figure's latest value, its curve, and how the mean of its last tenth compares with that of its
    /// first.
    private func trend(_ name: String, _ series: Curve, isGoodUp: Bool, width: Int) -> String {
        let values = series.points
        let part = max(1, values.count / 10)
        let first = values.prefix(part).reduce(0, +) / Double(part)
        let last = values.suffix(part).reduce(0, +) / Double(part)
        let change = last - first
        let sign = change >= 0 ? "+" : "−"
        let curve = Figure.sparkline(values, width: min(48, max(8, width - 40)))
        let now = Figure.plain(series.latest ?? 0)
        return "\(name)  \(now)  \(curve)  \(sign)\(Figure.plain(abs(change)))"
    }

    private var speed: [String] {
        var parts: [String] = []
        for phase in ["generate", "update"] {
            guard let rate = metrics["tokens_per_second/\(phase)"] else { continue }
            parts.append("\(phase) \(Figure.short(rate)) tokens/s")
        }
        parts.append("step \(Figure.plain(metrics["step_time"] ?? 0)) s")
        if let bytes = metrics["memory/peak_bytes"] {
            parts.append("memory \(Figure.bytes(bytes))")
        }
        return parts
    }

    private var health: [String] {
        let names: [(key: String, label: String)] = [
            ("kl", "kl"), ("entropy", "entropy"), ("completions/mean_length", "length"),
            ("completions/clipped_ratio", "cut off"), ("frac_reward_zero_std", "dead groups"),
            ("rewards/failures", "grading failures"), ("grad_norm", "gradient"),
            ("learning_rate", "lr"),
        ]
        return names.compactMap { name -> String? in
            guard let value = metrics[name.key] else { return nil }
            if name.key == "rewards/failures", value == 0 { return nil }
            return "\(name.label) \(Figure.plain(value))"
        }
    }

    /// From the median of the latest steps, so one slow step does not shake it.
    private var secondsLeft: Double? {
        guard let run, !stepTimes.isEmpty else { return nil }
        return stepTimes.sorted()[stepTimes.count / 2] * Double(run.totalSteps - step)
    }
}
