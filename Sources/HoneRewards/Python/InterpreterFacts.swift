import Foundation
import HoneCore

/// What a Python program says of itself.
public struct InterpreterFacts: Sendable, Hashable {
    /// The program behind shims and links.
    public var executable: String
    /// Folders that its libraries lie in.
    public var folders: [String]

    /// Asks the interpreter that `launch` would start.
    /// - Throws: ``RewardError/interpreter(path:message:)`` if it gives no answer.
    public init(of launch: WorkerLaunch) async throws(RewardError) {
        let result: Result<InterpreterFacts, RewardError> = await withCheckedContinuation {
            waiting in
            // A thread of its own: starting a program takes a while and waits for it.
            Thread {
                do throws(RewardError) {
                    waiting.resume(returning: .success(try Self(asking: launch)))
                } catch {
                    waiting.resume(returning: .failure(error))
                }
            }.start()
        }
        self = try result.get()
    }

    private static let question = """
        import json, os, sys
        folders = {sys.prefix, sys.base_prefix, sys.exec_prefix, os.path.dirname(os.__file__)}
        folders.update(path for path in sys.path if os.path.isabs(path) and os.path.isdir(path))
        print(json.dumps([sys.executable, sorted(folders | {os.path.realpath(f) for f in folders})]))
        """

    private init(asking launch: WorkerLaunch) throws(RewardError) {
        var asking = launch
        guard let source = launch.command.firstIndex(of: "-c") else {
            preconditionFailure("a worker's command has its source after -c")
        }
        asking.command[source + 1] = Self.question
        let process = try WorkerProcess(asking)
        let event = process.nextLine(deadline: .now + .seconds(30))
        var answer: JSONValue?
        if case .line(let line) = event { answer = try? JSONValue(parsing: Array(line)) }
        let exit = process.terminate(grace: .seconds(1))
        guard let parts = answer?.arrayValue, parts.count == 2,
            let executable = parts[0].stringValue
        else {
            let errors = process.errorText
            throw .interpreter(
                path: launch.interpreter,
                message: "does not answer as Python does (\(exit))"
                    + (errors.isEmpty ? "" : ":\n\(errors)"))
        }
        self.executable = executable
        folders = (parts[1].arrayValue ?? []).compactMap(\.stringValue)
    }
}
