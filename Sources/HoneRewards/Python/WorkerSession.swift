import Foundation
import HoneCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A worker process that has loaded its functions.
final class WorkerSession {
    let process: WorkerProcess
    /// What loading printed.
    private(set) var output = ""
    /// How each function wants to be called.
    private(set) var styles: [WorkerFunction.Style] = []
    /// Begins anywhere, so that a function that writes to the pipe of answers cannot guess what is awaited.
    private var lastIdentifier = Int.random(in: 0..<1 << 52)

    /// How long starting Python and loading one reward file may take: imports of large libraries
    /// from a cold disk are slow.
    static let loadTimeout = Duration.seconds(120)

    /// Starts a process and loads `functions` in it.
    /// - Throws: ``RewardError`` if Python does not start, or for every function that cannot be loaded;
    ///   the process is ended then.
    init(_ launch: WorkerLaunch, functions: [WorkerFunction]) throws(RewardError) {
        process = try WorkerProcess(launch)
        do throws(RewardError) {
            try introduce(launch)
            var faults: [RewardError] = []
            for (key, function) in functions.enumerated() {
                if let fault = try load(function, key: key) { faults.append(fault) }
            }
            if let fault = RewardError.all(faults) { throw fault }
        } catch {
            process.terminate()
            throw error
        }
    }

    private func introduce(_ launch: WorkerLaunch) throws(RewardError) {
        let request: JSONValue = [
            "op": "init", "parent": launch.isSandboxed ? 0 : .int(Int(getpid())),
            "memory": .int(launch.limits.memory), "files": .int(launch.limits.files),
            "file_size": .int(launch.limits.fileSize),
            "processes": .int(launch.limits.processes), "alone": .bool(launch.isSandboxed),
        ]
        do throws(Unanswered) {
            guard try ask(request, within: .seconds(30))["ready"] == true else {
                throw Unanswered(text: "gave an unknown answer")
            }
        } catch {
            let errors = process.errorText
            let detail = errors.isEmpty ? "" : ":\n" + errors
            throw .interpreter(
                path: launch.interpreter, message: "the worker \(error.text)\(detail)")
        }
    }

    /// Loads `function`, or returns why it cannot be.
    /// - Throws: ``RewardError`` when the process does not answer, so that no other can be loaded.
    private func load(_ function: WorkerFunction, key: Int) throws(RewardError) -> RewardError? {
        let request: JSONValue = [
            "op": "load", "key": .int(key), "file": .string(function.file),
            "source": function.source.map(JSONValue.string) ?? .null,
            "function": .string(function.function),
        ]
        let answer: JSONValue
        do throws(Unanswered) {
            answer = try ask(request, within: Self.loadTimeout)
        } catch {
            throw .load(
                file: function.file, message: "Python \(error.text) while loading the file",
                detail: process.errorText)
        }
        output += answer["output"]?.stringValue ?? ""
        if let message = answer["message"]?.stringValue {
            return .load(
                file: function.file, message: message, detail: answer["detail"]?.stringValue ?? "")
        }
        guard let style = answer["style"]?.stringValue.flatMap(WorkerFunction.Style.init(rawValue:))
        else {
            throw .load(
                file: function.file, message: "the worker gave an unknown answer", detail: "")
        }
        styles.append(style)
        return nil
    }

    private struct Unanswered: Error { let text: String }

    private func ask(_ request: JSONValue, within limit: Duration) throws(Unanswered) -> JSONValue {
        process.send((request.text() + "\n").utf8)
        switch process.nextLine(deadline: .now + limit) {
        case .line(let line):
            guard let answer = try? JSONValue(parsing: Array(line)) else { break }
            return answer
        case .ended:
            throw Unanswered(text: "ended with \(process.terminate())")
        case .timedOut:
            throw Unanswered(text: "took longer than \(limit.components.seconds) s")
        case .tooManyProcesses(let count):
            throw Unanswered(text: "started \(count) processes")
        case .tooMuchMemory(let bytes):
            throw Unanswered(text: "took \(bytes >> 20) MiB of memory")
        case .lineTooLong: break
        }
        throw Unanswered(text: "gave an unknown answer")
    }

    // Grading

    /// Why a session stopped answering, and what is to blame.
    struct Breakdown {
        let kind: GraderFailure.Kind
        let message: String
    }

    /// Grades `jobs` in their order. A breakdown concerns the call that ran: the first unfinished
    /// completion of the first unfinished job. The process must be ended then.
    func grade(_ jobs: [GradingJob]) -> Breakdown? {
        let first = lastIdentifier + 1
        lastIdentifier += jobs.count
        for (offset, job) in jobs.enumerated() {
            process.send(job.line(identifier: first + offset).utf8)
        }
        for (offset, job) in jobs.enumerated() {
            while !job.isFinished {
                switch process.nextLine(deadline: .now + job.timeout) {
                case .line(let line):
                    guard let answer = WorkerAnswer(line, function: job.name),
                        answer.identifier == first + offset, answer.index == job.next
                    else {
                        return Breakdown(
                            kind: .crashed, message: "the worker gave an answer out of turn")
                    }
                    job.append(answer.assessment)
                case .timedOut:
                    return Breakdown(
                        kind: .timedOut,
                        message: "took longer than \(job.timeout / .seconds(1)) s")
                case .lineTooLong:
                    return Breakdown(kind: .crashed, message: "the worker flooded its answers")
                case .tooManyProcesses(let count):
                    return Breakdown(
                        kind: .tooManyProcesses,
                        message: "had \(count) processes running at once")
                case .tooMuchMemory(let bytes):
                    return Breakdown(
                        kind: .outOfMemory,
                        message: "it and what it started took \(bytes >> 20) MiB of memory")
                case .ended:
                    return breakdownOfExit()
                }
            }
        }
        return nil
    }

    private func breakdownOfExit() -> Breakdown {
        let exit = process.terminate()
        let hint =
            exit == .signal(SIGKILL) ? "; the kernel does that when memory runs out" : ""
        return Breakdown(
            kind: .crashed, message: "the process ended during the call with \(exit)\(hint)")
    }
}
