import HoneCore

/// The options of `type: python`.
public struct PythonRewardOptions: ConfigSection {
    /// The reward file; a relative path begins at the recipe's folder.
    public var file = ""
    /// The file's text, instead of ``file``.
    public var source: String?
    /// OpenAI's container image, which has no meaning here.
    public var imageTag: String?
    /// `nil`: the reward's name; `grade` in ``source``.
    public var function: String?
    /// The interpreter; `nil`: see ``PythonInterpreter/locate(declared:environment:)``.
    public var python: String?
    /// Processes shared by all Python functions of a recipe that agree on the interpreter; the largest
    /// number counts.
    public var workers = 2
    /// Address space of a worker.
    public var memory = ByteCount(bytes: 4 << 30)
    /// Names of environment variables handed to the function. Others it does not see.
    public var environment: [String] = []
    public var sandbox: WorkerSandbox.Policy = .automatic
    /// Files and folders beside the reward file's own that a sandboxed function may read.
    public var readable: [String] = []
    /// Whether a sandboxed function reaches the network.
    public var network = false
    /// Packages for pip; `[]`: the interpreter as it is.
    public var packages: [String] = []
    /// Whether what the function said of a completion is kept for the next time.
    public var cache = false
    /// Groups scored twice at the start, to find out whether the same input gets the same score.
    public var repeatedGroups = 1
    /// Failures in a row after which the function is set aside.
    public var quarantineAfter = 32

    public init() {}

    public static let defaults = PythonRewardOptions()
    public static let summary =
        "A Python function (prompt, completion, example) -> number, TRL's (prompts, completions, "
        + "**columns) -> list, or OpenAI's grade(sample, item) -> number, run in separate processes."
    public static let fields: [ConfigField<PythonRewardOptions>] = [
        ConfigField("file", \.file, "The Python file, relative to the recipe."),
        .optional(
            "source", \.source,
            "The file's text itself, instead of file, as OpenAI's python has it.",
            .notEmpty),
        .optional(
            "image_tag", \.imageTag,
            "Taken from OpenAI's python and not looked at: the function runs in python's environment."
        ),
        .optional(
            "function", \.function,
            "Its name there. Default: the reward's name; grade in source.", .notEmpty),
        .optional(
            "python", \.python,
            "The interpreter. Default: HONE_PYTHON, .deps/venv/bin/python, or python3 on the PATH.",
            .notEmpty),
        ConfigField("workers", \.workers, "Processes that run the function.", .within(1...256)),
        ConfigField("memory", \.memory, "Address space of a process, such as 4 GiB."),
        ConfigField(
            "env", \.environment, "Names of environment variables the function may see."),
        ConfigField(
            "sandbox", \.sandbox,
            "Keep the function in bubblewrap: auto where that works, required, or off."),
        ConfigField(
            "readable", \.readable,
            "Files and folders a sandboxed function may read beside its own folder."),
        ConfigField("network", \.network, "Let a sandboxed function reach the network."),
        ConfigField(
            "packages", \.packages,
            "Packages for pip, such as numpy==2.1 or ./local.whl: a Python environment with them is "
                + "made before the first step and kept in .hone/environments."),
        ConfigField(
            "cache", \.cache,
            "Keep what the function said, by prompt, columns and completion, and do not ask again."),
        ConfigField(
            "check_repeatable", \.repeatedGroups,
            "Groups scored twice at the start; a score that differs for the same input is reported. "
                + "0: none.", .atLeast(0)),
        ConfigField(
            "quarantine_after", \.quarantineAfter,
            "Failures in a row after which the function is set aside: it fails at once, and one call "
                + "a step tries it again.", .atLeast(1)),
    ]

    public static let checks: [ConfigCheck<PythonRewardOptions>] = [
        ConfigCheck("file", "source") { options, _ in
            options.file.isEmpty == (options.source == nil)
                ? "give either file, the path of a Python file, or source, its text" : nil
        }
    ]
}
