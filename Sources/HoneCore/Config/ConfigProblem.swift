/// One thing wrong with a recipe: where it stands, what it is, and what to do.
public struct ConfigProblem: Sendable, Hashable, CustomStringConvertible {
    public var path: ConfigPath
    /// What is wrong, with the remedy where there is one to name.
    public var message: String
    /// Line in the recipe's file, from 1; `nil` for what is missing or came from `--set`.
    public var line: Int?

    public init(_ path: ConfigPath, _ message: String, line: Int? = nil) {
        self.path = path
        self.message = message
        self.line = line
    }

    public var description: String {
        path.steps.isEmpty ? message : "\(path): \(message)"
    }
}

extension [ConfigProblem] {
    /// By line; those without a line last, otherwise in the order they were found.
    public var byLine: [ConfigProblem] {
        enumerated()
            .sorted { ($0.element.line ?? .max, $0.offset) < ($1.element.line ?? .max, $1.offset) }
            .map(\.element)
    }
}

/// Everything wrong with one recipe.
public struct ConfigError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The recipe's file as the user named it.
    public var file: String
    public var problems: [ConfigProblem]

    public init(file: String, problems: [ConfigProblem]) {
        self.file = file
        self.problems = problems
    }

    /// One line a problem, each beginning with `file:line:`, so that editors can jump to it.
    public var description: String {
        problems.map { problem in
            let place = problem.line.map { "\(file):\($0)" } ?? file
            return "\(place): \(problem)"
        }.joined(separator: "\n")
    }
}
