import Foundation
import HoneCore
import OrderedCollections

/// What a simulated run showed, and what it lets expect of the real one.
public struct SimulationReport: Sendable {
    /// Each phase that was walked, with its seconds.
    public internal(set) var phases: [(name: String, seconds: Double)] = []
    /// What would make the real run fail, with the remedy. Empty when it can begin.
    public internal(set) var problems: [String] = []
    public internal(set) var warnings: [String] = []

    public internal(set) var totalSteps = 0
    /// Seconds of one step without evaluation or checkpoint.
    public internal(set) var secondsPerStep: Double?
    /// Seconds of a step in which every sample is as long as it can be.
    public internal(set) var longestSecondsPerStep: Double?
    public internal(set) var secondsPerEvaluation = 0.0
    public internal(set) var evaluations = 0
    public internal(set) var secondsPerCheckpoint = 0.0
    public internal(set) var checkpoints = 0
    /// Groups that were drawn, and those in which all rewards are equal.
    public internal(set) var groups = 0
    public internal(set) var silentGroups = 0
    /// Tokens of the longest prompt and the longest completion.
    public internal(set) var longestPrompt = 0
    public internal(set) var longestCompletion = 0
    /// Bytes at the highest point, with keys and values of a whole step.
    public internal(set) var peakBytes: Int?
    /// Bytes that the run can have.
    public internal(set) var availableBytes: Int?
    public internal(set) var checkpointBytes = 0
    /// Bytes that all checkpoints and the result take on disk at most.
    public internal(set) var diskBytes = 0
    public internal(set) var freeDiskBytes: Int?

    /// Seconds of the whole run.
    public var totalSeconds: Double? {
        secondsPerStep.map {
            $0 * Double(totalSteps) + secondsPerEvaluation * Double(evaluations)
                + secondsPerCheckpoint * Double(checkpoints)
        }
    }

    /// Figures by name, in the order they are shown; what was not measured is left out.
    public var figures: OrderedMetrics {
        let named: [(String, Double?)] = [
            ("total_steps", Double(totalSteps)), ("seconds_per_step", secondsPerStep),
            ("seconds_per_longest_step", longestSecondsPerStep),
            ("evaluations", Double(evaluations)),
            ("seconds_per_evaluation", evaluations > 0 ? secondsPerEvaluation : nil),
            ("checkpoints", Double(checkpoints)), ("total_seconds", totalSeconds),
            ("groups", groups > 0 ? Double(groups) : nil),
            ("frac_reward_zero_std", groups > 0 ? Double(silentGroups) / Double(groups) : nil),
            ("longest_prompt", Double(longestPrompt)),
            ("longest_completion", Double(longestCompletion)),
            ("memory/peak_bytes", peakBytes.map(Double.init)),
            ("memory/available_bytes", availableBytes.map(Double.init)),
            ("disk/checkpoint_bytes", Double(checkpointBytes)),
            ("disk/needed_bytes", Double(diskBytes)),
            ("disk/free_bytes", freeDiskBytes.map(Double.init)),
        ]
        return named.compactMap { name, value in value.map { (name, $0) } }
    }

    /// As the row that `hone train --simulate --json` prints.
    public var json: JSONValue {
        [
            "event": "simulated",
            "phases": .object(
                JSONObject(phases.map { ($0.name, .double($0.seconds)) }) { _, last in last }),
            "figures": .object(
                JSONObject(figures.map { ($0.name, .double($0.value)) }) { _, last in last }),
            "problems": .array(problems.map { .string($0) }),
            "warnings": .array(warnings.map { .string($0) }),
        ]
    }
}
