import Foundation
import HoneCore
import HoneTraining
import OrderedCollections
import Testing

@Suite struct RecipeInspectionTests {
    static func problems(
        _ files: [String: String] = [:], without absent: String? = nil, overrides: [String] = []
    ) throws -> [String] {
        try inspection(files, without: absent, overrides).problems.map(\.description)
    }

    /// What is found in a folder with a recipe and all it names, with `files` added and `absent`
    /// left out.
    static func inspection(
        _ files: [String: String] = [:], without absent: String? = nil, _ overrides: [String] = []
    ) throws -> RecipeInspection {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "hone-inspection-\(UUID().uuidString)")
        var all = [
            "model/config.json":
                #"{"model_type": "qwen2", "max_position_embeddings": 512}"#,
            "model/model.safetensors": "", "model/tokenizer.json": "{}",
            "rows.jsonl": "{\"prompt\": \"a\", \"n\": 1}\n{\"prompt\": \"b\", \"n\": 2}\n",
            "reward.py": "",
            "recipe.yaml": """
            model: model
            dataset: {path: rows.jsonl}
            rewards: [{name: r, type: python, file: reward.py, function: f}]
            sampling: {max_completion_length: 64}
            """,
        ]
        all.merge(files) { _, new in new }
        for (name, text) in all where name != absent {
            let file = folder.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        let reading = try RecipeReading(
            path: folder.appending(path: "recipe.yaml").path, overrides: overrides, rewards: nil)
        return RecipeInspection(of: reading)
    }

    @Test func aCompleteRecipeHasNoProblems() throws {
        #expect(try Self.problems() == [])
        #expect(try Self.inspection().firstRow == "a")
    }

    @Test(arguments: [
        ("model/config.json", "has no config.json"), ("model/tokenizer.json", "has no tokenizer"),
        ("model/model.safetensors", "neither model.safetensors nor an index"),
        ("rows.jsonl", "no such file"), ("reward.py", "there is no file"),
    ])
    func anAbsentFileIsNamed(file: String, message: String) throws {
        let found = try Self.problems(without: file)
        #expect(found.count == 1 && found[0].contains(message), "\(found)")
    }

    @Test(
        arguments: [
            (["model/config.json": "{"], "config.json: line 1"),
            (["model/config.json": "{}"], "no model_type"),
            (["rows.jsonl": "{\"question\": 1}\n"], "no prompt"),
            (["rows.jsonl": ""], "has no rows"),
        ] as [([String: String], String)])
    func badContentIsNamed(files: [String: String], message: String) throws {
        let found = try Self.problems(files)
        #expect(found.count == 1 && found[0].contains(message), "\(found)")
    }

    @Test func aMissingShardIsNamed() throws {
        let index = #"{"weight_map": {"a": "one.safetensors"}}"#
        let found = try Self.problems(
            ["model/model.safetensors.index.json": index], without: "model/model.safetensors")
        #expect(found.count == 1 && found[0].contains("the shard one.safetensors"), "\(found)")
    }

    @Test(arguments: [
        ("model=nowhere", "model: there is no folder"),
        ("sampling.max_completion_length=512", "the model takes only 512 tokens"),
        ("lora={path: nowhere}", "lora.path: there is no folder"),
        ("dataset.prompt={system: Be brief.}", "has no chat template"),
        ("dataset.prompt={template: \"{m}\"}", "the template names {m}"),
        ("dataset.test={path: held.jsonl}", "dataset.test: "),
    ])
    func whatAKeyPointsToMustBeThere(override: String, message: String) throws {
        let found = try Self.problems(overrides: [override])
        #expect(!found.isEmpty && found[0].contains(message), "\(found)")
    }

    @Test func aChatTemplateMayStandInTheTokenizersSettings() throws {
        let settings = ["model/tokenizer_config.json": #"{"chat_template": "x"}"#]
        #expect(try Self.problems(settings, overrides: ["dataset.prompt={system: x}"]) == [])
    }

    @Test func problemsOfTheTextAndOfFilesComeTogether() throws {
        let folder = try RecipeTests.folder(
            "model: nowhere\ndataset: {path: rows.jsonl}\nrewards: [{name: a, type: b}]\nsede: 1\n")
        let reading = try RecipeReading(
            path: folder.appending(path: "recipe.yaml").path, overrides: [], rewards: nil)
        let inspection = RecipeInspection(of: reading)
        #expect(reading.problems.map(\.line) == [4])
        #expect(inspection.problems.map(\.line) == [1, 2])
    }

    @Test func anOutputThatHoldsARunIsWarnedOf() throws {
        let folder = try RecipeTests.folder()
        try "".write(
            to: folder.appending(path: "events.jsonl"), atomically: true, encoding: .utf8)
        let inspection = try Self.inspection([:], without: nil, ["output=\(folder.path)"])
        #expect(inspection.warnings.count == 1 && inspection.warnings[0].contains("--resume"))
    }
}
