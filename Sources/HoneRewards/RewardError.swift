import HoneCore

/// What keeps a set of reward functions from being used.
public enum RewardError: Error, Sendable, Hashable, CustomStringConvertible {
    case noFunctions
    case duplicateName(String)
    case weightNotFinite(String, Double)
    /// No Python interpreter, or one that cannot run the worker.
    case interpreter(path: String, message: String)
    /// A reward file that cannot be loaded; `detail` is Python's traceback where there is one.
    case load(file: String, message: String, detail: String)
    /// The Python environment of declared packages cannot be made; `output` is all that pip said.
    case environment(packages: [String], message: String, output: String)
    /// A function failed for too large a share of the latest completions.
    case tooManyFailures(
        function: String, failures: Int, scored: Int, limit: Double, last: GraderFailure)
    /// A judge that cannot be asked.
    case judge(name: String, message: String)
    /// A function asks the model that training began with, and there is none.
    case noReferenceModel(function: String)
    /// A function over whole groups was declared with `cache`.
    case cachedGroup(function: String)
    /// Several of these at once: two or more, none of them this case.
    case several([RewardError])

    /// What stands for all of `errors`; `nil` where there are none.
    static func all(_ errors: [RewardError]) -> RewardError? {
        var single: [RewardError] = []
        for error in errors {
            let parts = if case .several(let parts) = error { parts } else { [error] }
            single += parts.filter { !single.contains($0) }
        }
        return single.count > 1 ? .several(single) : single.first
    }

    public var description: String {
        switch self {
        case .noFunctions:
            "no reward function is declared; add one under rewards:"
        case .duplicateName(let name):
            "two reward functions are named \(name); metrics go by name, so rename one"
        case .weightNotFinite(let name, let weight):
            "reward function \(name): the weight must be a finite number, is \(weight)"
        case .interpreter(let path, let message):
            "Python (\(path)): \(message)"
        case .load(let file, let message, let detail):
            "\(file): \(message)" + (detail.isEmpty ? "" : "\n" + detail)
        case .environment(let packages, let message, let output):
            "the Python environment with \(packages.joined(separator: ", ")) \(message)"
                + (output.isEmpty ? "" : ":\n" + output)
        case .tooManyFailures(let function, let failures, let scored, let limit, let last):
            "reward function \(function) failed for \(failures) of the latest \(scored) completions, "
                + "and max_failure_share is \(limit); the last failure: \(last.message). Mend the "
                + "function, hand it to the run with hone rewards update RUN --file FILE, and go on "
                + "with --resume"
        case .judge(let name, let message): "judge \(name): \(message)"
        case .noReferenceModel(let function):
            "reward function \(function) asks the model that training began with, and here is none; "
                + "hone grade takes one with --model"
        case .cachedGroup(let function):
            "reward function \(function) scores a group at once, so what it said of a completion "
                + "cannot be kept for another group; remove cache"
        case .several(let errors): errors.map(\.description).joined(separator: "\n")
        }
    }
}
