/// What keeps a set of reward functions from being used.
public enum RewardError: Error, Sendable, Hashable, CustomStringConvertible {
    case noFunctions
    case duplicateName(String)
    case weightNotFinite(String, Double)
    /// No Python interpreter, or one that cannot run the worker.
    case interpreter(path: String, message: String)
    /// A reward file that cannot be loaded; `detail` is Python's traceback where there is one.
    case load(file: String, message: String, detail: String)

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
        }
    }
}
