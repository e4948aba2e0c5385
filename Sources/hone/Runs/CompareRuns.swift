import ArgumentParser
import Foundation
import HoneCore
import HoneStore
import OrderedCollections

/// `hone runs compare`: runs beside each other.
struct CompareRuns: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Compare runs: recipes, curves, and completions for the same rows.",
        discussion: """
            Shown are the keys of the recipes that differ, every metric with its last value and curve, \
            and what each run last answered to rows that all of them were asked.
            """)

    @Argument(help: ArgumentHelp("Two runs or more.", valueName: "run")) var runs: [String]
    @OptionGroup var store: StoreOptions
    @Option(help: ArgumentHelp("Only metrics whose name holds this.", valueName: "part"))
    var metric: String?
    @Option(help: "Show completions of so many rows.") var rows = 2
    @Flag(help: "Show long texts whole.") var full = false
    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws {
        guard runs.count > 1 else { throw ValidationError("name at least two runs") }
        guard rows >= 0 else { throw ValidationError("--rows must not be negative") }
    }

    func run() throws {
        let store = try store.open()
        let comparison = try RunComparison(
            runs: try runs.map { try store.run($0) }, in: store, metric: metric, rows: rows)
        if json {
            StandardOutput.write(line: JSONValue.object(comparison.json).text())
        } else {
            let width = TerminalText.width(of: STDOUT_FILENO)
            for line in lines(comparison, width: width) { StandardOutput.write(line: line) }
        }
    }

    private func lines(_ comparison: RunComparison, width: Int) -> [String] {
        let names = comparison.runs.map(\.name)
        var lines: [String] = []
        if !comparison.recipeDifferences.isEmpty {
            lines += ["recipes differ in"]
            lines += TextTable.lines(
                of: [[""] + names]
                    + comparison.recipeDifferences.map { key, values in
                        ["  \(key)"]
                            + values.map {
                                TerminalText.harmless(Figure.cut($0?.text() ?? "–", to: 40))
                            }
                    })
        }
        for (phase, metrics) in comparison.metrics where !metrics.isEmpty {
            lines += ["", phase.name]
            lines += TextTable.lines(
                of: [[""] + names.flatMap { [$0, ""] }]
                    + metrics.map { name, curves in
                        ["  \(name)"]
                            + curves.flatMap { curve in
                                [
                                    Figure.measured(curve.last?.value),
                                    curve.count > 1
                                        ? Figure.sparkline(curve.map(\.value), width: 16) : "",
                                ]
                            }
                    }, [.left] + names.flatMap { _ in [.right, .left] })
        }
        for row in comparison.rows {
            lines += ["", CompletionCard.rule("row \(row.row)")]
            lines.append(TerminalText.harmless(row.records[0].prompt))
            let columns = zip(names, row.records).map { name, record in
                name + "\n"
                    + CompletionCard(record: record, length: full ? .whole : .short).column
            }
            lines += TerminalText.sideBySide(columns, width: width)
        }
        return lines
    }
}
