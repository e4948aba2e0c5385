import Foundation
import HoneCore
import HoneTraining
import OrderedCollections

/// What became of a change of rewards that was asked for, as `hone rewards list` and `hone runs show` tell
/// it.
struct AnswerText {
    private let answer: RewardAnswer

    init(_ answer: RewardAnswer) { self.answer = answer }

    /// When it was asked for, by whom, which versions, what became of it, and what its trial showed.
    var line: String {
        let asked = RewardMailbox.time(of: answer.id).map { $0.formatted(Figure.minute) }
        let versions = answer.changed.isEmpty ? answer.versions : answer.changed
        var parts = [
            asked, answer.asked?.rawValue,
            versions.isEmpty ? nil : versions.joined(separator: ", "),
        ].compactMap(\.self)
        parts.append(fate)
        return TerminalText.harmless(parts.joined(separator: "  "))
    }

    private var fate: String {
        let trial = answer.trial.map { Self.summary($0) } ?? ""
        switch answer.state {
        case .refused: return "refused: \(answer.reason?.firstLine ?? "")"
        case .tried: return "tried only" + trial
        case .accepted: return "accepted, in force when the run goes on" + trial
        case .applied:
            return "in force from step \(answer.firstStep.map(String.init) ?? "?")" + trial
        }
    }

    private static func summary(_ trial: RewardComparison) -> String {
        guard trial.completions > 0 else { return " (nothing was stored to try it on)" }
        return " (on \(trial.completions) completions: reward \(Figure.measured(trial.old.mean)) → "
            + "\(Figure.measured(trial.new.mean)), groups with signal \(trial.signal.old) → \(trial.signal.new), "
            + "\(trial.flips.flipped) of \(trial.flips.compared) advantages flip)"
    }

    /// The lines, and with `reports` each followed by the report of its trial.
    static func lines(_ answers: [RewardAnswer], reports: Reports) -> [String] {
        answers.flatMap { answer -> [String] in
            let line = "  " + AnswerText(answer).line
            guard reports == .whole else { return [line] }
            let rest = answer.reason.map {
                $0.dropFirst($0.firstLine.count).drop(while: \.isNewline)
            }
            let report = [rest.map(String.init), answer.trial.map { ComparisonText($0).text }]
                .compactMap(\.self).flatMap {
                    $0.split(separator: "\n", omittingEmptySubsequences: false)
                }
            return [line]
                + report.map { $0.isEmpty ? "" : "      " + TerminalText.harmless(String($0)) }
        }
    }

    /// How much is told of trials.
    enum Reports {
        case inOneLine
        case whole
    }

    /// The answer as it is kept, with the time at which the change was asked for.
    static func json(_ answer: RewardAnswer) throws -> JSONObject {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        var members: JSONObject = ["answer": .string(answer.id)]
        members["time"] =
            RewardMailbox.time(of: answer.id).map { .string($0.formatted(.iso8601)) } ?? .null
        let encoded = try JSONValue(parsing: [UInt8](encoder.encode(answer))).objectValue ?? [:]
        for (key, value) in encoded where key != "id" { members[key] = value }
        return members
    }
}

extension String {
    /// What a list shows of a text whose rest is told elsewhere.
    var firstLine: Substring { prefix { !$0.isNewline } }
}
