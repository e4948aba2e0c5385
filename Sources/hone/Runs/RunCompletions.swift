import ArgumentParser
import Foundation
import HoneCore
import HoneStore

/// `hone runs completions`: pages of a run's completions.
struct RunCompletions: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions",
        abstract: "Show completions of a run, filtered and sorted.",
        discussion: """
            Each with its prompt, rewards, advantage and failures. The last line says how to get the \
            next page; with --json, it is the cursor of the last object.

              hone runs completions RUN --sort reward --descending  # the best
              hone runs completions RUN --failed --step 100-        # failures of late
              hone runs completions RUN --row 17 --beside           # one problem
              hone runs completions RUN --phase evaluation          # held-out rows
            """)

    @OptionGroup var options: RunOptions
    @OptionGroup var filter: CompletionOptions
    @Option(help: "So many on a page.") var limit = 10
    @Option(
        help: ArgumentHelp(
            "Begin after this cursor, which the page before ended with.", valueName: "cursor"))
    var after: String?
    @Flag(help: "Completions of the same prompt beside each other.") var beside = false
    @Flag(help: "Show long texts whole.") var full = false
    @Flag(help: "Say on standard error how long finding the page took.") var timing = false
    @Flag(help: "Print a JSON object per completion.") var json = false

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit must be at least 1") }
    }

    func run() throws {
        let (store, run) = try options.open()
        var query = filter.query(of: run)
        query.limit = limit
        query.after = try after.map { try CompletionCursor($0, order: query.order) }
        let clock = ContinuousClock()
        let begun = clock.now
        let page = try store.completions(of: run, query)
        if timing {
            let seconds = Double((clock.now - begun) / .microseconds(1)) / 1e6
            StandardError.write(line: String(format: "page found in %.4f s", seconds))
        }
        if json {
            for record in page {
                StandardOutput.write(line: JSONValue.object(record.json).text())
            }
            return
        }
        for line in beside ? columns(page) : page.flatMap({ card($0).lines }) {
            StandardOutput.write(line: line)
        }
        if page.isEmpty {
            StandardError.write(
                line: "no completion of \(run.name) in \(query.phase.name) is like that")
        } else if page.count == limit, let last = page.last {
            StandardError.write(line: "next page: --after \(last.cursor.text)")
        }
    }

    private func card(_ record: CompletionRecord) -> CompletionCard {
        CompletionCard(record: record, length: full ? .whole : .short)
    }

    /// Completions of the same prompt that follow each other, up to four in a line.
    private func columns(_ page: [CompletionRecord]) -> [String] {
        let width = TerminalText.width(of: STDOUT_FILENO)
        var lines: [String] = []
        var rest = page[...]
        while let first = rest.first {
            let group = rest.prefix(4).prefix { $0.prompt == first.prompt }
            rest = rest.dropFirst(group.count)
            lines.append(CompletionCard.rule("row \(first.row)"))
            lines.append(TerminalText.harmless(first.prompt))
            lines += TerminalText.sideBySide(group.map { card($0).column }, width: width) + [""]
        }
        return lines
    }
}
