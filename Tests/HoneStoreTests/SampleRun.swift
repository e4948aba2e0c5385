import Foundation
import HoneCore
import HoneStore
import OrderedCollections
import TestSupport

/// A made-up run whose content is a function of step and place, so that what is read can be checked.
enum SampleRun {
    static let rewards = [
        RewardVersion.Content(
            function: "equation", declaration: #"{"name":"equation","type":"python"}"#,
            source: "def equation(prompt, completion, example):\n    return 1.0\n"),
        RewardVersion.Content(
            function: "format", declaration: #"{"name":"format","type":"format"}"#, source: nil),
    ]

    static func registration(
        _ title: String = "sample", folder: String = "/nowhere/sample",
        beginning: RunRegistration.Beginning = .new
    ) -> RunRegistration {
        RunRegistration(
            title: title, method: "grpo", model: "/models/tiny", folder: folder,
            recipe: "method: grpo\n", rewards: rewards, beginning: beginning)
    }

    static func description(
        _ title: String = "sample", steps: Int = 100, resumedFrom: Int = 0
    ) -> RunDescription {
        RunDescription(
            name: title, method: "grpo", model: "/models/tiny", output: "/nowhere/sample",
            totalSteps: steps, resumedFrom: resumedFrom,
            facts: [("device", "cpu"), ("parameters", "1.0M")])
    }

    /// `groups` groups of four. Row and reward are a fixed mixture of step and place, so that rewards repeat
    /// and are in no order.
    static func completions(step: Int, groups: Int) -> [GradedRollout] {
        (0..<groups * 4).map { place in
            completion(step: step, place: place)
        }
    }

    static func text(step: Int, place: Int) -> String {
        let words = ["try", "again", "\(step)", "×", "\(place)", "=", "\(step * place)", "é🙂"]
        return (0..<20).map { words[($0 * (place + 3) + step) % words.count] }
            .joined(separator: " ") + " <\(step):\(place)>"
    }

    static func row(step: Int, place: Int) -> Int { (step * 7 + place / 4) % 23 }

    /// Rewards in eighths from 0 to 1; nil for a failure, which is every eleventh.
    static func reward(step: Int, place: Int) -> Double? {
        let mixed = step &* 31 &+ place &* 17
        return mixed % 11 == 0 ? nil : Double(mixed % 9) / 8
    }

    static func completion(step: Int, place: Int) -> GradedRollout {
        let row = row(step: step, place: place)
        let messages = [
            ChatMessage(role: "system", content: "Count."),
            ChatMessage(role: "user", content: "Make \(row)."),
        ]
        let rollout = Rollout(
            row: DatasetRow(
                index: row, prompt: .messages(messages),
                columns: ["nums": [1, 2, .int(row)], "target": .int(row), "note": .null]),
            promptText: "<s>Count. Make \(row).", promptTokens: [1, 2, 3],
            completion: Completion(
                tokens: Array(repeating: 5, count: 10 + (step + place * 5) % 40),
                logProbabilities: [], rawLogProbabilities: [],
                finishReason: place % 5 == 0 ? .length : .stop, policyVersion: step - 1),
            text: text(step: step, place: place))
        guard let reward = reward(step: step, place: place) else {
            let failure = GraderFailure(
                function: "equation", kind: place % 2 == 0 ? .timedOut : .raised,
                message: "no answer at \(step):\(place)", detail: "a trace")
            return GradedRollout(
                rollout: rollout,
                verdict: .failed(
                    failure,
                    partial: Reward(
                        total: 0,
                        components: [
                            Reward.Component(name: "equation", score: nil, failure: failure),
                            Reward.Component(name: "format", score: 1),
                        ])),
                advantage: nil)
        }
        return GradedRollout(
            rollout: rollout,
            verdict: .scored(
                Reward(
                    total: reward,
                    components: [
                        Reward.Component(name: "equation", score: reward),
                        Reward.Component(name: "format", score: nil),
                    ])),
            advantage: Float(reward - 0.5))
    }

    static func step(_ step: Int, groups: Int = 2) -> RunEvent {
        .step(
            StepRecord(
                step: step,
                metrics: [
                    ("reward", Double(step) / 10), ("loss", .nan), ("grad_norm", 1 / Double(step)),
                ],
                completions: completions(step: step, groups: groups)))
    }

    /// A store in `folder` with a run of so many steps in it, still running.
    @discardableResult
    static func record(
        _ title: String = "sample", in store: Store, steps: Int, groups: Int = 2,
        folder: String = "/nowhere/sample"
    ) async throws -> StoreRecorder {
        let recorder = StoreRecorder(
            store: store, registration: registration(title, folder: folder),
            onProblem: { preconditionFailure($0) })
        await recorder.record(.started(description(title, steps: steps)))
        for number in 1...max(steps, 1) where number <= steps {
            await recorder.record(step(number, groups: groups))
        }
        return recorder
    }
}

extension ScratchFolder {
    var home: StoreHome { StoreHome(url.appending(path: "home")) }
}
