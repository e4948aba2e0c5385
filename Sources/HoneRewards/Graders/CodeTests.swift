import HoneCore
import OrderedCollections

/// Runs the program in a completion against the unit tests of its row.
///
/// Formula: passed / tests, or 1 if all pass and else 0. Range [0, 1]. A completion without code scores 0,
/// and so does a program that crashes, hangs or asks for too much memory: that is its fault, not the
/// grader's. A program that forks without end takes its worker down and is a failure.
///
/// A test is Python text (`assert add(1, 2) == 3`) or `{input, output}`, given on standard input and compared with
/// what is printed, white space at the ends of lines aside. The forms of MBPP (a list of asserts), HumanEval (a
/// text) and APPS (`{inputs, outputs}`, also as JSON text) are read.
///
/// The program runs in a process that has never seen a test. A test that is Python text runs in another one, which
/// asks the first for whatever bears a name of the program's and gets data back, so that values are compared where
/// the program has no hand in it: a class that is equal to everything, a replaced builtin, `sys.exit(0)` or a walk
/// through the frames gain nothing. An object of a class of the program's stays with the program; it never equals
/// data. The test does not see what a function that returns something does to its arguments, nor a global of the
/// program that bears the name of a builtin.
///
/// The processes are those of ``WorkerPool`` and what they start, in its sandbox. Without the sandbox, programs run
/// with the user's rights and can look into the other processes.
struct CodeTests: AssessingRewardFunction {
    let name: String
    let options: CodeTestsOptions
    /// Runs `code_tests.py`.
    let runner: any AssessingRewardFunction

    func assess(_ request: GradingRequest) async -> [Assessment] {
        let tests: JSONValue
        do throws(GraderFailure) {
            tests = try request.row.column(options.column, for: name)
        } catch {
            return request.completions.map { _ in Assessment(score: .failed(error)) }
        }
        let programs = request.completions.map { options.extraction.answer(in: $0) }
        var asked = request
        asked.row = DatasetRow(
            index: request.row.index, prompt: .text(""), columns: ["tests": tests])
        asked.completions = programs.compactMap(\.self)
        asked.tokenCounts = nil
        var assessments = await runner.assess(asked)[...]
        return programs.map { program in
            guard program != nil, let assessment = assessments.popFirst() else {
                return Assessment(score: .value(0), output: "no code was found")
            }
            return assessment
        }
    }
}

/// The options of `type: code_tests`.
public struct CodeTestsOptions: ConfigSection {
    public var column = "tests"
    public var extraction: AnswerExtraction = .firstFound([.codeBlock, .whole])
    public var counting: Counting = .share
    /// Seconds for a test.
    public var testTimeout = 3.0
    /// The interpreter, the sandbox and what else a Python function has.
    public var host: PythonRewardOptions = {
        var host = PythonRewardOptions()
        host.memory = ByteCount(bytes: 1 << 30)
        host.repeatedGroups = 0
        return host
    }()

    /// What a score counts.
    public enum Counting: String, ConfigChoice {
        /// The share of the tests that pass.
        case share
        /// Whether all do.
        case all
    }

    public init() {}

    public static let defaults = CodeTestsOptions()
    public static let summary =
        "Runs the program in a completion against the unit tests of its row, in the sandbox of Python "
        + "functions. timeout is that of all tests of a completion."
    public static let fields: [ConfigField<CodeTestsOptions>] = [
        ConfigField(
            "column", \.column,
            "Column with the tests: a list of Python texts, a list of {input, output}, or one text.",
            .notEmpty),
        ConfigField("extract", \.extraction, AnswerExtraction.summary),
        ConfigField(
            "counting", \.counting,
            "share: the share of tests that pass; all: 1 if every test does."),
        ConfigField("test_timeout", \.testTimeout, "Seconds for a test.", .above(0)),
        .optional(
            "python", \.host.python,
            "The interpreter. Default: HONE_PYTHON, .deps/venv/bin/python, or python3 on the PATH.",
            .notEmpty),
        ConfigField("workers", \.host.workers, "Processes that run programs.", .within(1...256)),
        ConfigField("memory", \.host.memory, "Address space of a process, such as 1 GiB."),
        ConfigField(
            "sandbox", \.host.sandbox,
            "Keep programs in bubblewrap: auto where that works, required, or off."),
        ConfigField(
            "readable", \.host.readable, "Files and folders that a sandboxed program may read."),
        ConfigField(
            "packages", \.host.packages,
            "Packages for pip that programs may import; kept in .hone/environments."),
    ]

    /// The Python function that does the work.
    /// - Parameter timeout: seconds for all tests of a completion.
    func function(timeout: Double) -> PythonRewardOptions {
        var function = host
        // The function is to answer before its deadline, with the share of the tests it came to; what is
        // kept for that is enough on a machine with much else to do.
        let all = timeout * 0.8
        let values = String(decoding: PackageResources.code_values_py, as: UTF8.self)
        let program = String(decoding: PackageResources.code_program_py, as: UTF8.self)
        // As JSON, which Python reads as a text of its own.
        let literal = JSONValue.string(values + "\n\n" + program).text()
        function.source =
            values + "\n\n" + String(decoding: PackageResources.code_tests_py, as: UTF8.self)
            + "\n\nPROGRAM = \(literal)\nSECONDS = \(testTimeout)\nALL_SECONDS = \(all)\n"
            + "IS_SHARE = \(counting == .share ? "True" : "False")\n"
        return function
    }
}
