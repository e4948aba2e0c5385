import ArgumentParser
import Foundation
import HoneCore
import HoneTraining

/// What commands that change the rewards of a run have in common.
struct ProposalOptions: ParsableArguments {
    @Option(help: "Try the version on this many of the latest completions (whole steps).")
    var completions = 256
    @Flag(help: "Try the version and show the report; put nothing in force.") var dryRun = false
    @Flag(help: "Print each answer as a JSON line.") var json = false

    func validate() throws {
        guard completions > 0 else { throw ValidationError("--completions must be at least 1") }
    }

    /// Proposes `functions` to `run` and shows what becomes of it.
    func propose(
        _ functions: [VersionedReward], reason: RewardChange.Reason, to run: RunRewards,
        basis: RewardChange
    ) async throws {
        let proposal = RewardProposal(
            id: RewardMailbox.newID(), reason: reason, basis: basis.names, functions: functions,
            completions: completions, intent: dryRun ? .trial : .apply)
        let view = AnswerView(json: json)
        let (control, isTrained) = try run.control()
        try await control.propose(proposal) { answer in
            await view.show(answer)
            // Where a process trains the run, it records its answers itself.
            if !isTrained { run.record(answer) }
        }
        switch await view.last?.state {
        case .refused: throw ExitCode(FailureKind.badData.rawValue)
        case .accepted:
            StandardError.write(
                line: "no process trains the run now; it goes on with the new version after "
                    + "hone train --resume")
        case nil:
            StandardError.write(
                line:
                    "the process that trained the run has gone without an answer; the change waits "
                    + "for hone train --resume")
        default: break
        }
    }
}

/// Shows the answers to a proposal.
private actor AnswerView {
    private let json: Bool
    private(set) var last: RewardAnswer?

    init(json: Bool) { self.json = json }

    func show(_ answer: RewardAnswer) {
        defer { last = answer }
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            // A comparison holds numbers and texts only, which JSON can say.
            guard let data = try? encoder.encode(answer) else { return }
            StandardOutput.write(line: String(decoding: data, as: UTF8.self))
            return
        }
        if let trial = answer.trial, last?.trial == nil {
            StandardOutput.write(line: ComparisonText(trial).text)
            for note in answer.notes { StandardError.write(line: "note: \(note)") }
        }
        switch answer.state {
        case .refused:
            StandardError.write(
                line: "refused, and what is in force stays: \(answer.reason ?? "")")
        case .tried: StandardOutput.write(line: "\(names(answer)) would hold; nothing is changed")
        case .accepted: StandardOutput.write(line: "\(names(answer)) accepted")
        case .applied:
            StandardOutput.write(
                line: "in force from step \(answer.firstStep ?? 0): "
                    + answer.versions.joined(separator: ", "))
        }
    }

    private func names(_ answer: RewardAnswer) -> String {
        (answer.changed.isEmpty ? answer.versions : answer.changed).joined(separator: ", ")
    }
}
