import HoneCore
import HoneRewards

/// Answers call after call from a script, and counts what it was asked.
actor ScriptedReward: AssessingRewardFunction {
    nonisolated let name = "scripted"
    private var answers: [Score]
    private(set) var asked: [String] = []
    private let output: String

    /// - Parameters:
    ///   - answers: one for each completion asked; the last goes on for ever.
    ///   - output: what each call prints.
    init(_ answers: [Score], output: String = "") {
        self.answers = answers
        self.output = output
    }

    func assess(_ request: GradingRequest) -> [Assessment] {
        request.completions.map { completion in
            asked.append(completion)
            let answer = answers[0]
            if answers.count > 1 { answers.removeFirst() }
            return Assessment(score: answer, output: output)
        }
    }
}

extension Score {
    static func failure(_ message: String) -> Score {
        .failed(GraderFailure(function: "scripted", kind: .raised, message: message))
    }
}
