import HoneCore

/// The options of `type: python`.
public struct PythonRewardOptions: ConfigSection {
    /// The reward file; a relative path begins at the recipe's folder.
    public var file = ""
    /// `nil`: the reward's name.
    public var function: String?
    /// The interpreter; `nil`: see ``PythonInterpreter/locate(declared:)``.
    public var python: String?
    /// Processes shared by all Python functions of a recipe that agree on the interpreter; the largest
    /// number counts.
    public var workers = 2
    /// Address space of a worker in GiB.
    public var memory = 4.0
    /// Names of environment variables handed to the function. Others it does not see.
    public var environment: [String] = []

    public init() {}

    public static let defaults = PythonRewardOptions()
    public static let summary =
        "A Python function (prompt, completion, example) -> number, or TRL's (prompts, completions, "
        + "**columns) -> list, run in separate processes."
    public static let fields: [ConfigField<PythonRewardOptions>] = [
        .required("file", \.file, "The Python file, relative to the recipe.", .notEmpty),
        .optional("function", \.function, "Its name there. Default: the reward's name.", .notEmpty),
        .optional(
            "python", \.python,
            "The interpreter. Default: HONE_PYTHON, .deps/venv/bin/python, or python3 on the PATH.",
            .notEmpty),
        ConfigField("workers", \.workers, "Processes that run the function.", .within(1...256)),
        ConfigField("memory", \.memory, "Address space of a process in GiB.", .above(0)),
        ConfigField(
            "env", \.environment, "Names of environment variables the function may see."),
    ]
}
