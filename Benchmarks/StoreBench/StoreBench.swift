import Foundation
import HoneCore
import HoneStore
import OrderedCollections

/// A store with a million completions in one run: how long a step takes to record, how large the file is
/// beside the text in it, and how long pages of filtered, sorted lists take.
///
///     Benchmarks/store [FOLDER] [COMPLETIONS]
///
/// FOLDER keeps the store; a second start measures only the pages.
@main struct StoreBench {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count > 1 else {
            print("store-bench FOLDER [COMPLETIONS]")
            exit(64)
        }
        let store = try Store(StoreHome(URL(filePath: arguments[1]).absoluteURL))
        let count = arguments.count > 2 ? Int(arguments[2]) ?? 1_000_000 : 1_000_000
        if try store.runs().isEmpty { try await fill(store, count) }
        try pages(store)
    }

    static let perStep = 256

    private static func fill(_ store: Store, _ count: Int) async throws {
        let writer = Writer()
        let recorder = StoreRecorder(
            store: store,
            registration: RunRegistration(
                title: "million", method: "grpo", model: "made up", folder: "/nowhere",
                recipe: "", rewards: []), onProblem: { fatalError($0) })
        let steps = count / perStep
        await recorder.record(
            .started(
                RunDescription(
                    name: "million", method: "grpo", model: "made up", output: "",
                    totalSteps: steps, resumedFrom: 0, facts: [])))
        var (seconds, text) = ([Double](), 0)
        for step in 1...steps {
            let completions = writer.completions(step: step, of: steps)
            text += completions.reduce(0) { $0 + $1.rollout.text.utf8.count }
            // A group shares its prompt, so it counts once.
            text += stride(from: 0, to: perStep, by: 8).reduce(0) {
                $0 + completions[$1].rollout.promptText.utf8.count
            }
            let record = StepRecord(
                step: step, metrics: (0..<40).map { ("metric/\($0)", Double(step * $0) / 7) },
                completions: completions)
            let begun = ContinuousClock.now
            await recorder.record(.step(record))
            seconds.append((ContinuousClock.now - begun) / .seconds(1))
        }
        await recorder.record(.finished(step: steps, output: "", metrics: []))
        try store.close()
        seconds.sort()
        let mean = seconds.reduce(0, +) / Double(steps)
        print(
            "steps: \(steps) of \(perStep) completions; recording one took "
                + "\(milliseconds(mean)) on average, median \(milliseconds(seconds[steps / 2])), "
                + "99 % under \(milliseconds(seconds[steps * 99 / 100])), "
                + "longest \(milliseconds(seconds[steps - 1]))")
        var size = 0
        for suffix in ["", "-wal"] {
            let path = store.home.database.path + suffix
            size +=
                (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
        }
        print(
            "text: \(text / 1_000_000) MB; file: \(size / 1_000_000) MB, "
                + String(format: "%.2f of the text", Double(size) / Double(text)))
        // Pages are measured as another program finds the store.
        exit(try again())
    }

    private static func again() throws -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = Array(CommandLine.arguments.dropFirst())
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    private static func pages(_ store: Store) throws {
        guard let run = try store.runs().first else { return }
        var results: [(name: String, seconds: Double)] = []
        for (name, filter) in filters(last: run.step) {
            for order in CompletionQuery.Order.allCases {
                for direction in CompletionQuery.Direction.allCases {
                    var query = CompletionQuery()
                    (query.order, query.direction, query.limit) = (order, direction, 50)
                    filter(&query)
                    // The first pages, then one far on: where a list of offsets would have to count.
                    for page in 0..<3 {
                        let begun = ContinuousClock.now
                        let found = try store.completions(of: run, query)
                        let seconds = (ContinuousClock.now - begun) / .seconds(1)
                        results.append(
                            (
                                "\(name), by \(order.rawValue) \(direction.rawValue), page \(page + 1)",
                                seconds
                            ))
                        guard let end = found.last else { break }
                        query.after = end.cursor
                    }
                    query.after = try far(order, in: run)
                    let begun = ContinuousClock.now
                    _ = try store.completions(of: run, query)
                    results.append(
                        (
                            "\(name), by \(order.rawValue) \(direction.rawValue), from the middle",
                            (ContinuousClock.now - begun) / .seconds(1)
                        ))
                }
            }
        }
        results.sort { $0.seconds > $1.seconds }
        let median = results[results.count / 2].seconds
        print(
            "pages of 50: \(results.count); median \(milliseconds(median)), longest:")
        for result in results.prefix(8) {
            print("  \(milliseconds(result.seconds))  \(result.name)")
        }
        let slow = results.count { $0.seconds > 0.1 }
        print(slow == 0 ? "all under 100 ms" : "\(slow) above 100 ms")
        exit(slow == 0 ? 0 : 1)
    }

    /// In the middle of the list without filters.
    private static func far(
        _ order: CompletionQuery.Order, in run: StoredRun
    ) throws -> CompletionCursor {
        let place = "\(run.step / 2):17"
        return switch order {
        case .step: try CompletionCursor(place, order: order)
        case .reward: try CompletionCursor("0.5:\(place)", order: order)
        case .length: try CompletionCursor("110.0:\(place)", order: order)
        }
    }

    private static func filters(
        last: Int
    ) -> [(String, (inout CompletionQuery) -> Void)] {
        [
            ("all", { _ in }),
            ("reward from 0.9", { $0.leastReward = 0.9 }),
            ("reward to 0.1", { $0.mostReward = 0.1 }),
            ("a rare reward", { ($0.leastReward, $0.mostReward) = (1.5, 3) }),
            ("no such reward", { $0.leastReward = 9 }),
            ("failed", { $0.failure = .failed }),
            ("a rare failure", { $0.failure = .kind("outOfMemory") }),
            ("no such failure", { $0.failure = .kind("none") }),
            ("one step", { ($0.firstStep, $0.lastStep) = (last / 3, last / 3) }),
            ("a tenth of the steps", { ($0.firstStep, $0.lastStep) = (last / 2, last * 6 / 10) }),
            ("half of the steps", { ($0.firstStep, $0.lastStep) = (last / 4, last * 3 / 4) }),
            ("the first fifth of the steps", { $0.lastStep = last / 5 }),
            ("all but the last fifth of the steps", { $0.lastStep = last * 4 / 5 }),
            ("one row", { $0.row = 77 }),
            ("no such row", { $0.row = -5 }),
            (
                "half of the steps, reward from 0.9, failed",
                {
                    ($0.firstStep, $0.lastStep) = (last / 4, last * 3 / 4)
                    ($0.leastReward, $0.failure) = (0.9, .failed)
                }
            ),
            (
                "a tenth of the steps, a rare reward",
                {
                    ($0.firstStep, $0.lastStep) = (last / 2, last * 6 / 10)
                    $0.leastReward = 1.5
                }
            ),
        ]
    }

    private static func milliseconds(_ seconds: Double) -> String {
        String(format: "%.2f ms", seconds * 1000)
    }
}
