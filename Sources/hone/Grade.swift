import ArgumentParser
import Foundation
import HoneCore
import HoneRewards
import HoneTraining
import OrderedCollections

struct Grade: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Score completions in a file with reward functions; no model has to be loaded.",
        discussion: """
            SPEC declares the reward functions in YAML or JSON: a list as under rewards: in a recipe, or \
            a mapping with the key rewards (so a whole recipe will do). A grader of OpenAI or \
            SeekrFlow's reward_components are read as they are. Reward files are looked for beside \
            SPEC, then in the working directory. Every problem is told at once, with its line.

            Each input row is a JSON object on a line of its own with a "completion" and, where the \
            functions look at them, a "prompt", a "reference_answer" and other columns.

            Prints the distribution of each reward, a histogram of the totals, failures by reason and \
            the slowest calls. With --json prints a row for each input row instead: index, total \
            (null if a function failed), components and failures by name.

            Exit code 65 if SPEC is faulty, a reward file cannot be loaded, a row cannot be read, or a \
            function with on_error: stop fails; 64 if SPEC or the input is not there.
            """)

    @Argument(help: "File that declares the reward functions (YAML or JSON).")
    var spec: String

    @Option(
        help: ArgumentHelp(
            "File with a JSON object per line; - is standard input.", valueName: "file"))
    var input: String

    @Option(
        help: ArgumentHelp(
            "Model folder for functions that ask one: perplexity, semantic_similarity.",
            valueName: "folder"))
    var model: String?

    @Flag(help: "Print a JSON object per row instead of the report.")
    var json = false

    /// Rows graded at once: enough to keep every worker busy.
    private static let batchSize = 1024

    func run() async throws {
        let rubric = try await rubric()
        for notice in rubric.notices { StandardError.write(line: notice) }
        var rows = try RowStream(path: input)
        var report = GradingReport(names: rubric.componentNames)
        var batch: [Item] = []
        var unreadable = 0
        while let row = try rows.next() {
            batch.append(Item(row))
            if batch.count == Self.batchSize {
                unreadable += try await grade(batch, by: rubric, &rows, &report)
                batch.removeAll(keepingCapacity: true)
            }
        }
        unreadable += try await grade(batch, by: rubric, &rows, &report)
        if !json { StandardOutput.write(line: report.text) }
        try rows.finish()
        if unreadable > 0 {
            StandardError.write(
                line: "\(unreadable) row\(unreadable == 1 ? "" : "s") could not be read")
            throw RowStream.badData
        }
    }

    private func rubric() async throws -> Rubric {
        let folder = URL(filePath: spec).absoluteURL.deletingLastPathComponent()
        var library = RewardLibrary(
            folder: folder, tell: { StandardError.write(line: $0) })
        guard let text = try? String(contentsOfFile: spec, encoding: .utf8) else {
            throw RecipeError.unreadable(
                file: spec, reason: "there is no such file, or it is not UTF-8 text")
        }
        let document = try RecipeYAML.document(text, file: spec)
        let rewards = try GradingSpec.rewards(of: document, library: library)
        library.reference = try await reference()
        return try await library.rubric(of: rewards, file: spec)
    }

    /// The model of `--model`, loaded.
    private func reference() async throws -> ReferenceSlot? {
        guard let model else { return nil }
        let host = ModelHost()
        try await host.load(.defaults, folder: URL(filePath: model), adapter: nil)
        let slot = ReferenceSlot()
        await slot.supply(host)
        return slot
    }

    /// Grades and answers `batch`; returns how many of its rows could not be read and were not
    /// answered on standard output.
    private func grade(
        _ batch: [Item], by rubric: Rubric, _ rows: inout RowStream, _ report: inout GradingReport
    ) async throws -> Int {
        var unreadable = 0
        let assessments = await rubric.assess(batch.compactMap(\.request))
        var graded = 0
        for item in batch {
            switch item.content {
            case .failure(let error):
                if json {
                    rows.fail(error, for: item.index)
                } else {
                    StandardError.write(line: "row \(item.index): \(error)")
                    unreadable += 1
                }
            case .success:
                let said = assessments[graded].map { $0[0] }
                graded += 1
                let verdict = try verdict(of: said, by: rubric, row: item.index)
                if json {
                    rows.write(answer(verdict, said, rubric.componentNames), for: item.index)
                } else {
                    report.add(verdict, said, row: item.index)
                }
            }
        }
        return unreadable
    }

    private func verdict(
        of assessments: [Assessment], by rubric: Rubric, row: Int
    ) throws -> Verdict {
        do {
            return try rubric.verdict(of: assessments.map(\.score))
        } catch {
            StandardError.write(line: "row \(row): \(error); on_error: stop ends the work")
            throw RowStream.badData
        }
    }

    /// The output row: total, components, failures; warnings and prints where there are some.
    private func answer(
        _ verdict: Verdict, _ assessments: [Assessment], _ names: [String]
    ) -> JSONObject {
        var components = JSONObject()
        var failures = JSONObject()
        var warnings = JSONObject()
        var prints = JSONObject()
        for name in names { components[name] = .null }
        for component in verdict.components {
            components[component.name] = component.score.map(JSONValue.double) ?? .null
            failures[component.name] = component.failure.map {
                .string("\($0.kind.rawValue): \($0.message)")
            }
        }
        for (name, assessment) in zip(names, assessments) {
            if let warning = assessment.warning { warnings[name] = .string(warning) }
            if !assessment.output.isEmpty { prints[name] = .string(assessment.output) }
        }
        var answer: JSONObject = [
            "total": verdict.reward.map { .double($0.total) } ?? .null,
            "components": .object(components), "failures": .object(failures),
        ]
        if !warnings.isEmpty { answer["warnings"] = .object(warnings) }
        if !prints.isEmpty { answer["prints"] = .object(prints) }
        return answer
    }

    /// A row of the input on its way to an answer.
    private struct Item {
        let index: Int
        let content: Result<GradingRequest, any Error>

        var request: GradingRequest? { try? content.get() }

        init(_ row: RowStream.Row) {
            index = row.index
            content = Result {
                var columns = try row.content.get()
                guard let completion = try columns.string("completion") else {
                    throw RowStream.RowError("line \(row.line): \(columns.lacks(["completion"]))")
                }
                columns["completion"] = nil
                let prompt = try columns.string("prompt") ?? ""
                return GradingRequest(
                    row: DatasetRow(index: row.index, prompt: .text(prompt), columns: columns),
                    prompt: prompt, completions: [completion])
            }
        }
    }
}
