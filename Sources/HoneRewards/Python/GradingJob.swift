import Foundation
import HoneCore
import OrderedCollections

/// One group of completions on its way through a worker.
///
/// `@unchecked Sendable`: at any time one party holds it, the caller until it is queued, then the queue
/// (under its lock), then the lane that took it.
final class GradingJob: @unchecked Sendable {
    let function: Int
    let name: String
    let style: WorkerFunction.Style
    let timeout: Duration
    let count: Int
    /// The request's members after those that change from try to try.
    private let body: String
    private let finish: @Sendable ([Assessment]) -> Void
    private(set) var assessments: [Assessment] = []

    /// - Parameter finish: called exactly once, with one assessment per completion.
    init(
        function: Int, name: String, style: WorkerFunction.Style, timeout: Duration,
        request: GradingRequest,
        finish: @escaping @Sendable ([Assessment]) -> Void
    ) {
        self.function = function
        self.name = name
        self.style = style
        self.timeout = timeout
        self.finish = finish
        count = request.completions.count
        var members: JSONObject = [
            "step": .int(request.step), "epoch": .double(request.epoch),
            "prompt": .string(request.prompt),
            "completions": .array(request.completions.map(JSONValue.string)),
            "columns": .object(request.row.columns),
        ]
        if case .messages(let messages) = request.row.prompt {
            members["messages"] = .array(messages.map(\.json))
        }
        body = String(JSONValue.object(members).text().dropFirst())
    }

    /// Position of the completion whose answer is awaited.
    var next: Int { assessments.count }
    var isFinished: Bool { assessments.count == count }

    /// Asked once: the answer is read from files.
    private static let processors = ProcessInfo.processInfo.activeProcessorCount

    /// The request for the completions from ``next`` on, as a line.
    func line(identifier: Int) -> String {
        // Generous: the processor time of a call on several threads passes faster than the clock.
        let seconds = timeout / .seconds(1) * Double(count - next)
        return "{\"op\":\"grade\",\"id\":\(identifier),\"key\":\(function),\"start\":\(next),"
            + "\"cpu_seconds\":\(seconds * Double(Self.processors) + 5),\(body)\n"
    }

    /// Takes the assessment of the next completion; hands all over when it was the last.
    func append(_ assessment: Assessment) {
        assessments.append(assessment)
        if isFinished { finish(assessments) }
    }

    /// Fails all completions that have no assessment yet.
    func failRest(_ failure: GraderFailure) {
        guard !isFinished else { return }
        assessments += Array(repeating: Assessment(score: .failed(failure)), count: count - next)
        finish(assessments)
    }
}
