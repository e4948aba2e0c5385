import Foundation
import HoneTraining

/// A simulation's report as lines of text.
struct SimulationView {
    let report: SimulationReport

    var lines: [String] {
        var lines = report.phases.map { "  \($0.name): \(Figure.plain($0.seconds)) s" }
        lines.append("expected of the run:")
        lines += expectations.map { "  \($0.name): \($0.text)" }
        lines += report.warnings.map { "warning: \($0)" }
        return lines
    }

    private var expectations: [(name: String, text: String)] {
        var rows: [(String, String)] = [("steps", "\(report.totalSteps)")]
        if let seconds = report.secondsPerStep {
            rows.append(("a step", "\(Figure.plain(seconds)) s"))
        }
        if let seconds = report.longestSecondsPerStep {
            rows.append(
                (
                    "a step with the longest samples",
                    "\(Figure.plain(seconds)) s (\(report.longestPrompt) + "
                        + "\(report.longestCompletion) tokens)"
                ))
        }
        if report.evaluations > 0 {
            rows.append(
                (
                    "evaluations",
                    "\(report.evaluations) of \(Figure.plain(report.secondsPerEvaluation)) s"
                ))
        }
        if let seconds = report.totalSeconds { rows.append(("in all", Figure.clock(seconds))) }
        if report.groups > 0 {
            rows.append(
                ("groups without signal", "\(report.silentGroups) of \(report.groups) drawn"))
        }
        if let peak = report.peakBytes {
            let available = report.availableBytes.map { " of \(Figure.bytes(Double($0)))" } ?? ""
            rows.append(("memory", "\(Figure.bytes(Double(peak)))\(available)"))
        }
        rows.append(
            (
                "disk",
                "\(Figure.bytes(Double(report.diskBytes))), a checkpoint "
                    + Figure.bytes(Double(report.checkpointBytes))
            ))
        return rows
    }
}
