import HoneCore
import Testing

@testable import HoneTraining

@Suite struct HealthWatchTests {
    private static func watch(_ window: Int = 2) -> HealthWatch {
        var config = TripwireConfig()
        config.window = window
        return HealthWatch(config)
    }

    /// The steps (from 1) at which something was said of `name`.
    private static func alarms(
        _ watch: HealthWatch, _ name: String, _ values: [Double], from: Int = 1
    ) async -> [Int] {
        var steps: [Int] = []
        for (index, value) in values.enumerated() {
            let record = StepRecord(step: from + index, metrics: [(name, value)], completions: [])
            let said = await watch.warnings(after: record)
            if said.contains(where: { $0.hasPrefix(name) }) { steps.append(from + index) }
        }
        return steps
    }

    @Test func entropyBelowATenthOfItsBeginningIsTold() async {
        // First window 2.0; the mean of the last two falls below 0.2 at step 5 (0.19).
        let steps = await Self.alarms(Self.watch(), "entropy", [2, 2, 1, 0.28, 0.1, 0.1, 0.1])
        #expect(steps == [5])
    }

    @Test func deadGroupsAreToldOncePerSpell() async {
        // Holds at steps 2 and 3, ceases at 4 to 6, which is more than a window, holds again at 8.
        let steps = await Self.alarms(
            Self.watch(), "frac_reward_zero_std", [1, 1, 1, 0, 0, 0, 1, 1, 1])
        #expect(steps == [2, 8])
    }

    @Test func oneOddStepRaisesNoAlarm() async {
        let steps = await Self.alarms(
            Self.watch(3), "completions/clipped_ratio", [0.1, 1, 0.1, 0.2, 1, 0.1])
        #expect(steps.isEmpty)
    }

    @Test func adviceNamesWhatToTry() async {
        let watch = Self.watch(1)
        let record = StepRecord(step: 1, metrics: [("kl", 2.345678)], completions: [])
        let said = await watch.warnings(after: record)
        #expect(said.count == 1)
        #expect(said[0].hasPrefix("kl is 2.35 over the last 1 steps"))
        #expect(said[0].contains("grpo.beta"))
    }

    /// What each warning begins with and what it says to try, for values of a first and a second step.
    @Test(
        arguments: [
            ("entropy", [2, 0.1], "entropy fell from 2.0 to 0.1", "epsilon_high"),
            (
                "completions/mean_length", [100, 20],
                "completions/mean_length fell from 100.0 to 20.0",
                "completions.jsonl"
            ),
            (
                "completions/clipped_ratio", [0.2, 0.9], "completions/clipped_ratio is 0.9",
                "sampling.max_completion_length"
            ),
            (
                "frac_reward_zero_std", [0.5, 0.95], "frac_reward_zero_std is 0.95",
                "filter_groups"
            ),
            ("kl", [0.1, 1.5], "kl is 1.5", "grpo.beta"),
        ] as [(String, [Double], String, String)])
    func everyCollapseIsToldWithWhatToTry(
        metric: String, values: [Double], begins: String, advice: String
    ) async {
        let watch = Self.watch(1)
        var said: [[String]] = []
        for (index, value) in values.enumerated() {
            said.append(
                await watch.warnings(
                    after: StepRecord(
                        step: index + 1, metrics: [(metric, value)], completions: [])))
        }
        #expect(said.map(\.count) == [0, 1])
        #expect(said[1].first?.hasPrefix(begins) == true, "\(said)")
        #expect(said[1].first?.contains(advice) == true, "\(said)")
    }

    @Test func aWarningCanBeSwitchedOff() async {
        var config = TripwireConfig()
        config.window = 1
        config.kl = nil
        let said = await HealthWatch(config).warnings(
            after: StepRecord(step: 1, metrics: [("kl", 9)], completions: []))
        #expect(said.isEmpty)
    }

    @Test func aResumedWatchSaysWhatTheUninterruptedOneWouldHave() async throws {
        let values: [Double] = [2, 2, 1, 0.28, 0.1, 0.1, 2, 2, 2, 0.01, 0.01]
        let whole = await Self.alarms(Self.watch(), "entropy", values)
        for cut in 1..<values.count {
            let begun = Self.watch()
            let before = await Self.alarms(begun, "entropy", Array(values[..<cut]))
            let resumed = Self.watch()
            let text = await begun.checkpointState().text()
            await resumed.restore(from: try JSONValue(parsing: text))
            let after = await Self.alarms(
                resumed, "entropy", Array(values[cut...]), from: cut + 1)
            #expect(before + after == whole)
        }
    }
}

@Suite struct GuardedLearnerTests {
    /// Fails at the given calls, counted from 1.
    private actor Failing: Learner {
        private let calls: Set<Int>
        private var count = 0
        init(_ calls: Set<Int>) { self.calls = calls }

        func update(_ samples: [TrainingSample]) throws -> OrderedMetrics {
            count += 1
            guard calls.contains(count) else { return [("loss", Double(count))] }
            throw TrainingError.notFinite(
                quantity: "the gradient of layer 3", step: count, rows: [4, 9])
        }
    }

    private actor Notes {
        var lines: [String] = []
        func add(_ line: String) { lines.append(line) }
    }

    @Test func aStepThatIsNotFiniteIsUndoneAndCounted() async throws {
        let notes = Notes()
        let learner = GuardedLearner(Failing([2]), limit: 1) { await notes.add($0) }
        #expect(try await learner.update([]).map(\.name) == ["loss"])
        #expect(try await learner.update([]).map(\.name) == ["tripwires/undone_steps"])
        #expect(try await learner.update([]).map(\.value) == [3, 1])
        let lines = await notes.lines
        #expect(
            lines == [
                "not finite in optimiser step 2: the gradient of layer 3 (dataset rows 4, 9); "
                    + "the step was undone (1 of at most 1)"
            ])
    }

    @Test func tooManyStopTheRunAlsoAcrossAResume() async throws {
        let learner = GuardedLearner(Failing([1, 2]), limit: 1) { _ in }
        _ = try await learner.update([])
        let resumed = GuardedLearner(Failing([1]), limit: 1) { _ in }
        await resumed.restore(from: await learner.checkpointState())
        await #expect(throws: TrainingError.self) { try await resumed.update([]) }
        await #expect(throws: TrainingError.self) { try await learner.update([]) }
    }

    @Test func otherErrorsPass() async {
        struct Broken: Learner {
            func update(_ samples: [TrainingSample]) throws -> OrderedMetrics {
                throw RunFolderError.occupied(path: "x")
            }
        }
        let learner = GuardedLearner(Broken(), limit: 9) { _ in }
        await #expect(throws: RunFolderError.self) { try await learner.update([]) }
    }
}
