import ArgumentParser
import Foundation
import HoneCore
import OrderedCollections

/// `hone doctor`: what this machine has, what Hone will use of it, and what is missing.
struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what this machine has, what will be used, and what is missing.",
        discussion: """
            Each finding has a state: ok, a note (works, but something is slower or left out), or \
            missing with its remedy: a recipe that needs it cannot run, others can. Exit code 0 when \
            nothing is missing, else 70.
            """)

    @Flag(help: "One JSON object on standard output instead of text.")
    var json = false

    func run() async throws {
        let findings = MachineReport.gather()
        if json {
            print(JSONValue.object(["findings": .array(findings.map(\.json))]).text())
        } else {
            let width = findings.map(\.subject.count).max() ?? 0
            for finding in findings {
                let subject = finding.subject.padding(
                    toLength: width, withPad: " ", startingAt: 0)
                print("\(finding.state.mark) \(subject)  \(finding.value)")
                if let remedy = finding.remedy {
                    print("  \(String(repeating: " ", count: width))  → \(remedy)")
                }
            }
        }
        if findings.contains(where: { $0.state == .missing }) {
            throw ExitCode(FailureKind.internal.rawValue)
        }
    }
}
