import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

/// `hone data` on every kind of file.
@Suite struct DataCommandTests {
    static let fixtures = Fixtures.folder.appending(path: "datasets")

    /// The facts of a generator's expected.json.
    static func expected(_ key: String) throws -> [JSONValue] {
        let data = try Data(contentsOf: fixtures.appending(path: "expected.json"))
        return try #require(JSONValue(parsing: [UInt8](data))[key]?.arrayValue)
    }

    /// The rows that `hone data convert` makes of `file`.
    static func rows(_ file: String, _ more: [String] = [], in scratch: ScratchFolder) async throws
        -> [JSONValue]
    {
        let outcome = try await HoneProgram.run(
            ["data", "convert", fixtures.appending(path: file).path, "-o", "-"] + more,
            folder: scratch.url)
        try #require(outcome.exitCode == 0, "\(outcome.errors)")
        return try outcome.output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    }

    @Test(arguments: ["kinds.parquet", "kinds-stream.arrow", "kinds-file.arrow"])
    func everyKindOfColumnIsRead(file: String) async throws {
        let scratch = try ScratchFolder()
        #expect(try await Self.rows(file, in: scratch) == Self.expected("kinds"))
        // The second time the converted file is found.
        let cached = try FileManager.default.contentsOfDirectory(
            atPath: scratch.url.appending(path: ".hone/cache/datasets").path)
        #expect(cached.count == 1 && cached[0].hasSuffix(".jsonl"))
        let python = ["HONE_PYTHON": "/nowhere/python"]
        let again = try await HoneProgram.run(
            ["data", "convert", Self.fixtures.appending(path: file).path, "-o", "-"],
            folder: scratch.url, environment: python)
        #expect(again.exitCode == 0)
    }

    @Test(arguments: ["saved", "hub/main"])
    func foldersOfDatasetsHaveTheirSplits(folder: String) async throws {
        let scratch = try ScratchFolder()
        #expect(try await Self.rows(folder, in: scratch) == Self.expected("train"))
        #expect(
            try await Self.rows(folder, ["--split", "test"], in: scratch) == Self.expected("test"))
    }

    @Test func whatAFolderLacksIsNamed() async throws {
        let scratch = try ScratchFolder()
        func errors(_ arguments: [String]) async throws -> String {
            let outcome = try await HoneProgram.run(
                ["data", "inspect"] + arguments, folder: scratch.url)
            #expect(outcome.exitCode == 65)
            return outcome.errors
        }
        let saved = Self.fixtures.appending(path: "saved").path
        #expect(
            try await errors([saved, "--split", "dev"]).contains(
                "has no split dev; its splits: train, test"))
        let hub = Self.fixtures.appending(path: "hub").path
        #expect(
            try await errors([hub]).contains("holds no data files; did you mean \(hub)/main?"))
        #expect(try await errors([scratch.url.path]).contains("holds no data files"))
        let file = Self.fixtures.appending(path: "kinds.parquet").path
        #expect(try await errors([file, "--split", "dev"]).contains("is one file"))
    }

    @Test func withoutPyarrowTheRemedyIsNamed() async throws {
        let scratch = try ScratchFolder()
        // -I and an empty PYTHONPATH do not hide installed libraries; a name in the way does.
        try scratch.file("modules/pyarrow.py", "raise ImportError('no pyarrow here')")
        let outcome = try await HoneProgram.run(
            ["data", "inspect", Self.fixtures.appending(path: "kinds.parquet").path],
            folder: scratch.url,
            environment: ["PYTHONPATH": scratch.url.appending(path: "modules").path])
        #expect(outcome.exitCode == 65)
        #expect(outcome.errors.contains("run Tools/setup, or: "))
        #expect(outcome.errors.contains("-m pip install pyarrow"))
    }

    @Test func aBrokenParquetFileIsToldInPyarrowsWords() async throws {
        let scratch = try ScratchFolder()
        let file = try scratch.file("rows.parquet", "PAR1 and nothing more")
        let outcome = try await HoneProgram.run(
            ["data", "inspect", file.path], folder: scratch.url)
        #expect(outcome.exitCode == 65)
        #expect(outcome.errors.contains("pyarrow: ArrowInvalid"))
        let left = try FileManager.default.contentsOfDirectory(
            atPath: scratch.url.appending(path: ".hone/cache/datasets").path)
        #expect(left.isEmpty)
    }

    // MARK: Inspection

    /// A recipe over `rows` that asks the included model.
    static func recipe(_ rows: String, dataset: String, in scratch: ScratchFolder) throws -> String
    {
        try scratch.file("rows.jsonl", rows)
        return try scratch.file(
            "recipe.yaml",
            """
            method: grpo
            model: \(EvaluateCommandTests.root.path)/Pretrained/countdown-tiny
            dataset: {path: rows.jsonl, prompt: {style: chat, template: "Make {target} from {nums}."}\(dataset)}
            rewards: [{name: length, type: length, max: 10}]
            sampling: {max_completion_length: 64}
            """
        ).path
    }

    static let rows = """
        {"nums": [4, 9, 8], "target": 23}
        {"nums": [4, 9, 8], "target": 23, "note": "the same question"}
        {"nums": [4, 9, 8], "target": 23}
        {"nums": [5, 5], "target": null}
        {"nums": [6, 1, 5], "target": "31"}
        {"nums": [1]}
        not JSON
        {"nums": [2, 3], "target": 5}
        """

    @Test func inspectionTellsWhatBecomesOfEveryRow() async throws {
        let scratch = try ScratchFolder()
        let recipe = try Self.recipe(
            Self.rows,
            dataset: ", max_bad_rows: 3, duplicates: drop, test: {rows: 1}, "
                + "steps: [{filter: {column: nums, min_length: 2}}, {cast: {target: integer}}]",
            in: scratch)
        let outcome = try await HoneProgram.run(
            ["data", "inspect", "--recipe", recipe, "--json"], folder: scratch.url)
        try #require(outcome.exitCode == 0, "\(outcome.errors)")
        let report = try JSONValue(parsing: outcome.output)
        #expect(report["rows"] == 8)
        // Line 4 has no number to cast, line 7 is no JSON.
        #expect(report["bad"] == 2)
        #expect(report["bad_rows"]?.arrayValue?.map { $0["line"] } == [4, 7])
        #expect(report["dropped"]?.arrayValue?.map { $0["rows"] } == [1, 0])
        #expect(report["equal_rows"] == 1 && report["equal_prompts"] == 2)
        // Five rows pass, two of them ask what the first asks.
        #expect(report["train"] == 2 && report["test"] == 1)
        #expect(report["tokens"]?["histogram"]?.arrayValue?.isEmpty == false)
        let examples = try #require(report["examples"]?.arrayValue)
        try #require(examples.count == 3)
        #expect(
            examples[0]["text"]
                == "<|im_start|>user\nMake 23 from [4, 9, 8].<|im_end|>\n<|im_start|>assistant\n")
        #expect(examples[1]["line"] == 5)
        let target = try #require(report["columns"]?.arrayValue?.first { $0["name"] == "target" })
        #expect(target["kinds"] == ["integer": 4, "null": 1, "string": 1])
        #expect(target["absent"] == 1)
    }

    @Test func badRowsBeyondTheToleranceAreListedAndEndTheCommand() async throws {
        let scratch = try ScratchFolder()
        let recipe = try Self.recipe(Self.rows, dataset: "", in: scratch)
        let outcome = try await HoneProgram.run(
            ["data", "inspect", "--recipe", recipe], folder: scratch.url)
        #expect(outcome.exitCode == 65)
        #expect(outcome.output.contains("2 bad, which stops a run (dataset.max_bad_rows is 0)"))
        #expect(outcome.output.contains("rows.jsonl:7: not JSON"))
        #expect(outcome.output.contains("tokens of a prompt: min "))
        // The run itself says the same and stops.
        let run = try await HoneProgram.run(["train", recipe], folder: scratch.url)
        #expect(run.exitCode == 65 && run.errors.contains("rows.jsonl:7: not JSON"))
    }

    @Test func aFileAloneIsInspectedWithoutPrompts() async throws {
        let scratch = try ScratchFolder()
        let file = try scratch.file("rows.tsv", "question\tanswer\nwhy?\tso\nwhy?\tso\n")
        let outcome = try await HoneProgram.run(["data", "inspect", file.path])
        #expect(outcome.exitCode == 0)
        #expect(outcome.output.contains("question  string  4 characters  \"why?\""))
        #expect(outcome.output.contains("1 equal to an earlier row in every column"))
        #expect(!outcome.output.contains("tokens of"))
    }

    // MARK: Conversion

    @Test func convertedRowsReadBackAsTheyWere() async throws {
        let scratch = try ScratchFolder()
        let text = "{\"a\":\"x, \\\"y\\\"\\n\",\"b\":\"\"}\n{\"a\":\"\\t\",\"b\":\"2\"}\n"
        var file = try scratch.file("rows.jsonl", text).path
        for next in ["rows.csv", "rows.tsv", "rows.json", "again.jsonl"] {
            let target = scratch.url.appending(path: next).path
            let outcome = try await HoneProgram.run(["data", "convert", file, "-o", target])
            try #require(outcome.exitCode == 0, "\(outcome.errors)")
            file = target
        }
        #expect(try String(contentsOfFile: file, encoding: .utf8) == text)
    }

    @Test func parquetIsWrittenAndReadsBack() async throws {
        let scratch = try ScratchFolder()
        // More rows than are held at a time (512), the last with a column and a type of its own.
        let rows = (0..<1200).map {
            "{\"n\":\($0),\"l\":[\"é\"],\"x\":\($0 == 1199 ? "0.5" : "1")}"
        }
        let last = "{\"n\":1200,\"l\":[],\"x\":2,\"late\":{\"a\":true}}"
        let file = try scratch.file("rows.jsonl", (rows + [last]).joined(separator: "\n")).path
        let parquet = scratch.url.appending(path: "rows.parquet").path
        let written = try await HoneProgram.run(["data", "convert", file, "-o", parquet])
        try #require(written.exitCode == 0, "\(written.errors)")
        let back = try await HoneProgram.run(
            ["data", "convert", parquet, "-o", "-"], folder: scratch.url)
        let lines = try back.output.split(separator: "\n").map {
            try JSONValue(parsing: String($0))
        }
        try #require(lines.count == 1201)
        #expect(lines[7] == ["n": 7, "l": ["é"], "x": 1.0, "late": nil])
        #expect(lines[1199]["x"] == 0.5)
        #expect(lines[1200] == ["n": 1200, "l": [], "x": 2.0, "late": ["a": true]])
        let mixed = try scratch.file("mixed.jsonl", "{\"a\":1}\n{\"a\":\"x\"}\n").path
        let refused = try await HoneProgram.run([
            "data", "convert", mixed, "-o", parquet + "2",
            "--format", "parquet",
        ])
        #expect(refused.exitCode == 65 && refused.errors.contains("pyarrow: Arrow"))
        #expect(!FileManager.default.fileExists(atPath: parquet + "2"))
    }

    @Test func stepsAreAppliedAndBadRowsLeaveNoFile() async throws {
        let scratch = try ScratchFolder()
        let recipe = try Self.recipe(
            Self.rows, dataset: ", steps: [{cast: {target: integer}}]", in: scratch)
        let target = scratch.url.appending(path: "out.jsonl").path
        let refused = try await HoneProgram.run(
            ["data", "convert", "--recipe", recipe, "-o", target], folder: scratch.url)
        #expect(refused.exitCode == 65 && refused.errors.contains("rows.jsonl:4: "))
        #expect(!FileManager.default.fileExists(atPath: target))
        let kept = try await HoneProgram.run(
            ["data", "convert", "--recipe", recipe, "-o", target]
                + ["--set", "dataset.max_bad_rows=3"], folder: scratch.url)
        #expect(kept.exitCode == 0 && kept.errors.contains("5 of 8 rows written"))
    }
}
