import ArgumentParser
import Foundation
import HoneCore
import HoneStore
import OrderedCollections

/// `hone runs repair`: makes a store whole again.
struct RepairStore: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Check the store; make it anew from the runs' folders if it is damaged.",
        discussion: """
            Reads every page and every text. A store that is damaged or was changed by a newer Hone is put \
            aside, never deleted, and a new one is made from the folders of the runs. Steps and \
            whole runs that the folders hold and the store does not are taken in. No program should \
            write to the store meanwhile.

            A folder holds all that scoring its run again needs. Those of earlier versions lack the \
            rows of the dataset with their columns (rows.jsonl), which is told.
            """)

    @Argument(
        help: ArgumentHelp(
            "Folders of runs to take in besides those that the store knows.", valueName: "folder"))
    var folders: [String] = []
    @OptionGroup var store: StoreOptions
    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
        let report = try StoreRepair(
            store.place, folders: folders.map { URL(filePath: $0).absoluteURL }
        ).run()
        if json {
            StandardOutput.write(line: JSONValue.object(object(report)).text())
        } else {
            for line in lines(report) { StandardOutput.write(line: line) }
        }
        for problem in report.problems { StandardError.write(line: "left out: \(problem)") }
        if !report.problems.isEmpty { throw RowStream.badData }
    }

    private func lines(_ report: StoreRepair.Report) -> [String] {
        var lines: [String] = []
        if let damage = report.damage {
            lines.append("the store was damaged: \(damage)")
            lines.append("it is now \(report.aside?.path ?? "elsewhere")")
        } else {
            lines.append("\(store.place.database.path) is sound")
        }
        for taken in report.takenIn {
            // A measurement has no steps.
            let what = taken.steps == 0 ? taken.name : "\(taken.steps) steps of \(taken.name)"
            lines.append("took in \(what) from \(taken.folder)")
            guard taken.withoutColumns > 0 else { continue }
            lines.append(
                "  \(taken.withoutColumns) completions without the columns of their rows, which the folder "
                    + "does not hold: functions that look at columns cannot score them again")
        }
        return lines
    }

    private func object(_ report: StoreRepair.Report) -> JSONObject {
        [
            "damage": report.damage.map(JSONValue.string) ?? .null,
            "aside": report.aside.map { .string($0.path) } ?? .null,
            "taken_in": .array(
                report.takenIn.map { taken in
                    [
                        "run": .string(taken.name), "folder": .string(taken.folder),
                        "steps": .int(taken.steps),
                        "completions_without_columns": .int(taken.withoutColumns),
                    ]
                }),
            "problems": .array(report.problems.map(JSONValue.string)),
        ]
    }
}
