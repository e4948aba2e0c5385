/// What keeps a set of reward functions from being used.
public enum RewardError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Everything wrong with a `rewards:` list.
    case invalid([Problem])
    /// No Python interpreter, or one that cannot run the worker.
    case interpreter(path: String, message: String)
    /// A reward file that cannot be loaded; `detail` is Python's traceback where there is one.
    case load(file: String, message: String, detail: String)

    /// One thing wrong, and where.
    public struct Problem: Sendable, Hashable, CustomStringConvertible {
        /// The place in the recipe: `rewards[1].options`.
        public var path: String
        public var message: String

        public init(path: String, message: String) {
            self.path = path
            self.message = message
        }

        public var description: String { "\(path): \(message)" }
    }

    public var description: String {
        switch self {
        case .invalid(let problems): problems.map(\.description).joined(separator: "\n")
        case .interpreter(let path, let message): "Python at \(path): \(message)"
        case .load(let file, let message, let detail):
            "\(file): \(message)" + (detail.isEmpty ? "" : "\n" + detail)
        }
    }
}
