import ArgumentParser
import Foundation
import HoneCore
import HoneStore

/// `hone runs list`: the runs of a store.
struct ListRuns: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the runs, the latest first.")

    @OptionGroup var store: StoreOptions
    @Option(help: "Only those in this state; a run is stopped whose process ended without a word.")
    var state: StoredRun.State?
    @Flag(help: "Print a JSON object per run.") var json = false

    func run() throws {
        let store = try store.open()
        let runs = try store.runs().filter { state == nil || $0.state == state }
        if json {
            for run in runs { StandardOutput.write(line: JSONValue.object(run.summary).text()) }
            return
        }
        guard !runs.isEmpty else {
            StandardError.write(line: "no runs in \(store.home.folder.path)")
            return
        }
        var rows = [["run", "state", "method", "step", "began", "reward", ""]]
        for run in runs {
            let phase = run.usualPhase
            let metric = run.method == "sft" ? "loss" : "reward"
            let curve = try store.curve(of: metric, in: run, phase).map(\.value)
            let latest = curve.last.map {
                (metric == "loss" ? "loss " : "") + Figure.measured($0)
            }
            rows.append([
                run.name, run.state.rawValue, run.method,
                phase == .training ? "\(run.step)/\(run.totalSteps)" : "–",
                run.startedAt.formatted(Figure.minute), latest ?? "–",
                curve.count > 1 ? Figure.sparkline(curve, width: 24) : "",
            ])
        }
        let lines = TextTable.lines(
            of: rows, [.left] + Array(repeating: .right, count: 5) + [.left])
        StandardOutput.write(line: lines.joined(separator: "\n"))
    }
}

extension StoredRun.State: ExpressibleByArgument {}
