import Foundation
import HoneCore
import HoneTraining

/// Evaluations side by side, for a person: a column each, then the same rows' completions.
struct EvaluationTable {
    private var columns: [(name: String, evaluation: Evaluation)] = []

    /// Longest part of a prompt or completion that is shown, characters.
    private static let shownLength = 600

    mutating func add(_ evaluation: Evaluation, name: String) {
        columns.append((name, evaluation))
    }

    var isEmpty: Bool { columns.isEmpty }

    var text: String {
        guard let first = columns.first?.evaluation else { return "" }
        var lines = ["\(first.rows) rows, \(first.samplesPerRow) completions each", ""]
        lines += TextTable.lines(of: [[""] + columns.map(\.name)] + metricRows(first))
        for (index, sample) in first.samples.enumerated() {
            lines += ["", "── row \(sample.row.index) " + String(repeating: "─", count: 40)]
            lines.append(Self.shortened(sample.prompt, keeping: .end))
            for column in columns where column.evaluation.samples.indices.contains(index) {
                let sample = column.evaluation.samples[index]
                lines.append("")
                lines.append("▸ \(column.name)  \(Self.judgement(sample.verdict))")
                lines.append(Self.shortened(sample.completion, keeping: .start))
            }
        }
        return lines.joined(separator: "\n")
    }

    private func metricRows(_ first: Evaluation) -> [[String]] {
        first.metrics.map { name, _ in
            [name] + columns.map { Self.figure($0.evaluation[metric: name]) }
        }
    }

    private static func figure(_ value: Double?) -> String {
        guard let value, value.isFinite else { return "–" }
        return value.decimalText(digits: 4)
    }

    private static func judgement(_ verdict: Verdict) -> String {
        switch verdict {
        case .scored(let reward): "reward \(figure(reward.total))"
        case .abstained: "no reward function applies"
        case .failed(let failure, _): "\(failure)"
        }
    }

    private enum Part { case start, end }

    private static func shortened(_ text: String, keeping part: Part) -> String {
        guard text.count > shownLength else { return text }
        switch part {
        case .start: return text.prefix(shownLength) + " …"
        case .end: return "… " + text.suffix(shownLength)
        }
    }
}
