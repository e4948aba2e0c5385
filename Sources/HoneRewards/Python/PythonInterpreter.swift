import Foundation
import HoneCore

/// Finds the Python that runs reward functions.
public enum PythonInterpreter {
    /// The path of the interpreter, as `PythonSearch` finds it.
    /// - Throws: ``RewardError/interpreter(path:message:)`` where there is none.
    public static func locate(
        declared: String?,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(RewardError) -> String {
        do {
            return try PythonSearch.interpreter(declared: declared, environment: environment)
        } catch {
            throw .interpreter(path: error.name, message: error.message)
        }
    }

    static func search(_ name: String, environment: [String: String]) -> String? {
        PythonSearch.program(name, environment: environment)
    }
}
