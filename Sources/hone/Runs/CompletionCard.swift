import Foundation
import HoneStore

/// A completion for a person to read.
struct CompletionCard {
    let record: CompletionRecord
    let length: Length

    /// How much of the texts is shown.
    enum Length {
        case whole
        /// The end of the prompt and the beginning of the completion.
        case short
    }

    var lines: [String] {
        [Self.rule(title)] + [shortened(record.prompt, keeping: .end), "▸ " + body] + failures
    }

    /// Without the prompt, to stand beside others of the same row.
    var column: String { ([title, "", body] + failures).joined(separator: "\n") }

    private var title: String {
        var parts = ["step \(record.step)", "row \(record.row)", reward]
        if let advantage = record.advantage { parts.append("advantage \(Figure.plain(advantage))") }
        if record.tokens > 0 { parts.append("\(record.tokens) tokens") }
        if let reason = record.finishReason, reason != "stop" { parts.append(reason) }
        return parts.joined(separator: " · ")
    }

    private var reward: String {
        let scores = record.rewards.map { component in
            "\(component.version ?? component.function) "
                + Figure.measured(component.score)
        }
        let list = scores.isEmpty ? "" : " (\(scores.joined(separator: ", ")))"
        return (record.reward.map { "reward \(Figure.plain($0))" } ?? "no reward") + list
    }

    private var body: String { shortened(record.completion, keeping: .start) }

    private var failures: [String] {
        record.rewards.compactMap { component in
            component.failure.map {
                TerminalText.harmless("✗ \(component.version ?? component.function): \($0)")
            }
        }
    }

    private enum Part { case start, end }

    private func shortened(_ text: String, keeping part: Part) -> String {
        let text = TerminalText.harmless(text)
        guard length == .short, text.count > 600 else { return text }
        switch part {
        case .start: return text.prefix(600) + " …"
        case .end: return "… " + text.suffix(600)
        }
    }

    static func rule(_ title: String) -> String {
        "── \(title) " + String(repeating: "─", count: max(76 - title.count, 2))
    }
}
