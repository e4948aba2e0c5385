/// A reward function that workers load: which, and from where.
public struct WorkerFunction: Sendable, Hashable {
    /// The reward's name in the recipe.
    public var name: String
    /// Absolute path of the reward file; what messages call ``source`` where that is given.
    public var file: String
    /// The text of the reward file where it is no file.
    public var source: String?
    /// The function's name in the file.
    public var function: String
    /// How long one call may take. For a function over lists, one call is one group.
    public var timeout: Duration

    public init(
        name: String, file: String, source: String? = nil, function: String, timeout: Duration
    ) {
        self.name = name
        self.file = file
        self.source = source
        self.function = function
        self.timeout = timeout
    }

    /// How a function wants to be called; found when it is loaded.
    enum Style: String, Sendable, Hashable {
        /// (prompt, completion, example), by position or by name.
        case positional, named
        /// (sample, item): OpenAI's `grade`, with columns as they are.
        case grader
        /// (prompts, completions, **columns): one call for a group.
        case list
    }
}
