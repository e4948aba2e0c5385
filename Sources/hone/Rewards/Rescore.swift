import ArgumentParser
import Foundation
import HoneCore
import HoneTraining
import OrderedCollections

/// `hone rescore`: a run's completions under other reward functions.
struct Rescore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rescore",
        abstract: "Score every stored completion of a run with other reward functions.",
        discussion: """
            REWARDS is a Python file, a recipe, a file for hone grade, or a version that the run knows \
            (format_v1). Nothing of the run is changed.

            Prints a table of the functions, groups that gain or lose signal, advantages whose sign \
            flips, and the curve of the mean reward beside the recorded one. With --json prints a row \
            for each completion, and a summary last.
            """)

    static let limit =
        "These are the same samples under other rewards. They do not show the policy that would have "
        + "been trained with them: it would have drawn other samples."

    @OptionGroup var place: RunOptions
    @Option(help: "Python, a recipe, a grading file, or a version such as format_v1.")
    var rewards: String
    @Option(help: "Change only this function.") var function: String?
    @Flag(help: "Print a JSON object per completion.") var json = false

    func run() async throws {
        let run = try RunRewards(place.run, place.store.place)
        let changes = try run.changes()
        let functions = try functions(changes)
        let archive = try RewardArchive.open(run.folder.rewards) {
            throw RewardRevisionError.noRewards(path: run.folder.url.path)
        }
        let grader = try await RubricMaker(file: rewards, log: nil).grader(
            of: functions, files: try await archive.files(of: functions), for: .trial)
        let trial = RewardTrial(
            advantages: AdvantageEstimator(
                run.config.grpo, rewardWeights: functions.map(\.declaration.weight)),
            grader: grader, declarations: functions.map(\.declaration))
        var comparer = await trial.comparer()
        let clock = ContinuousClock()
        let begun = clock.now
        var index = 0
        try await run.completions.forEachStep(in: nil) { groups in
            let verdicts = try await grader.grade(groups.map(\.request))
            let pairs = comparer.add(groups, verdicts)
            guard json else { return }
            for (group, members) in zip(groups, pairs) {
                for (member, pair) in members.enumerated() {
                    StandardOutput.write(
                        line: JSONValue.object(Self.row(index, group, member, pair)).text())
                    index += 1
                }
            }
        }
        let seconds = (clock.now - begun) / .seconds(1)
        let comparison = comparer.comparison(seconds: seconds)
        if json {
            let data = try JSONEncoder().encode(comparison)
            let summary: JSONValue = [
                "summary": try JSONValue(parsing: [UInt8](data)), "limit": .string(Self.limit),
            ]
            StandardOutput.write(line: summary.text())
        } else {
            print(ComparisonText(comparison).text)
            print(Self.curves(comparison.steps).joined(separator: "\n"))
            print("\n" + Self.limit)
        }
    }

    private func functions(_ changes: [RewardChange]) throws -> [VersionedReward] {
        if !FileManager.default.fileExists(atPath: rewards) {
            return try changes.inForce(with: rewards)
        }
        return try RewardRevision(file: rewards).applied(
            to: changes.last?.inForce ?? [], only: function)
    }

    private static func row(
        _ index: Int, _ group: RecordedGroup, _ member: Int, _ pair: RewardComparer.Pair
    ) -> JSONObject {
        func number(_ value: Double?) -> JSONValue { value.map(JSONValue.double) ?? .null }
        var components = JSONObject()
        var failures = JSONObject()
        for component in pair.verdict.components {
            components[component.name] = number(component.score)
            failures[component.name] = component.failure.map {
                .string("\($0.kind.rawValue): \($0.message)")
            }
        }
        return [
            "index": .int(index), "step": .int(group.step), "row": .int(group.row.index),
            "completion": .int(member), "recorded": number(pair.recorded.reward),
            "total": number(pair.verdict.reward?.total), "components": .object(components),
            "failures": .object(failures), "recorded_advantage": number(pair.oldAdvantage),
            "advantage": number(pair.newAdvantage),
        ]
    }

    /// Both curves, and a table of at most twenty stretches of steps.
    private static func curves(_ steps: [RewardComparison.Step]) -> [String] {
        guard !steps.isEmpty else { return [] }
        let width = 48
        let both = steps.flatMap { [$0.old, $0.new] }.compactMap(\.self)
        let range = (both.min() ?? 0)...(both.max() ?? 0)
        var rows = [["steps", "recorded", "rescored", "sign flips"]]
        let size = (steps.count + 19) / 20
        for start in stride(from: 0, to: steps.count, by: size) {
            let part = steps[start..<min(start + size, steps.count)]
            let flipped = part.reduce(0) { $0 + $1.flipped }
            let names = part.map(\.step)
            rows.append([
                size == 1 ? "\(names[0])" : "\(names[0])–\(names[names.count - 1])",
                mean(part.compactMap(\.old)), mean(part.compactMap(\.new)), "\(flipped)",
            ])
        }
        return [
            "recorded  "
                + Figure.sparkline(steps.compactMap(\.old), width: width, over: range),
            "rescored  "
                + Figure.sparkline(steps.compactMap(\.new), width: width, over: range),
            "mean reward of a step, both from \(Figure.plain(range.lowerBound)) to "
                + Figure.plain(range.upperBound), "",
        ] + TextTable.lines(of: rows)
    }

    private static func mean(_ values: [Double]) -> String {
        values.isEmpty ? "–" : Figure.plain(values.reduce(0, +) / Double(values.count))
    }
}
