import Foundation
import HoneCore
import HoneTraining
import OrderedCollections
import TestSupport
import Testing
import Torch

@Suite struct RecipeInspectionTests {
    static func problems(
        _ files: [String: String] = [:], without absent: String? = nil, overrides: [String] = []
    ) throws -> [String] {
        try inspection(files, without: absent, overrides).problems.map(\.description)
    }

    static func config(vocabulary: Int) -> String {
        """
        {"model_type": "qwen2", "vocab_size": \(vocabulary), "hidden_size": 16,
         "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
         "num_key_value_heads": 1, "max_position_embeddings": 512, "rms_norm_eps": 1e-6,
         "rope_theta": 10000.0, "hidden_act": "silu", "tie_word_embeddings": true}
        """
    }

    /// What is found in a folder with a recipe and all it names, with `files` added and `absent`
    /// left out.
    static func inspection(
        _ files: [String: String] = [:], without absent: String? = nil, _ overrides: [String] = []
    ) throws -> RecipeInspection {
        let folder = try ScratchFolder.ofTheProcess()
        var all = [
            "model/config.json": config(vocabulary: 382), "model/model.safetensors": "",
            "model/tokenizer.json": try String(
                contentsOf: CommittedRecipesTests.root.appending(
                    path: "Recipes/countdown/tokenizer/tokenizer.json"), encoding: .utf8),
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
        let row = try #require(try Self.inspection().firstRow)
        #expect(row.text == "a" || row.text == "b")
        #expect(row.tokens == 1)
    }

    @Test(arguments: [
        ("model/config.json", "config.json"), ("model/tokenizer.json", "tokenizer.json"),
        ("model/model.safetensors", "neither model.safetensors nor an index"),
        ("rows.jsonl", "nor rows.jsonl in the working directory"),
        ("reward.py", "there is no file"),
    ])
    func anAbsentFileIsNamed(file: String, message: String) throws {
        let found = try Self.problems(without: file)
        #expect(found.count == 1 && found[0].contains(message), "\(found)")
    }

    @Test(
        arguments: [
            (["model/config.json": "{"], "config.json"),
            (["model/config.json": "{}"], "model_type"),
            (["rows.jsonl": "{\"question\": 1}\n"], "no prompt"),
            (["rows.jsonl": ""], "has no rows"),
            (["model/config.json": config(vocabulary: 100)], "belongs to another model"),
            (["model/tokenizer.json": "{}"], "tokenizer.json"),
        ] as [([String: String], String)])
    func badContentIsNamed(files: [String: String], message: String) throws {
        let found = try Self.problems(files)
        #expect(found.count == 1 && found[0].contains(message), "\(found)")
    }

    /// What rules out that anything is kept is told first by the recipe, then by the machine.
    @Test(
        arguments: [
            (["lora={rank: 4, dropout: 0.1}"], "with lora.dropout"),
            (["lora={rank: 4}", "quantization=nf4"], "weights in four bits"),
            (
                [
                    "sampling.quantization=int8",
                    "grpo.importance_sampling_correction=token_truncate",
                ], "sampling.quantization"
            ),
            (["memory.gradient_checkpointing=true"], "memory.gradient_checkpointing"),
        ])
    func keysWithoutEffectAreWarnings(overrides: [String], reason: String) throws {
        let found = try Self.inspection(
            [:], ["device=cpu", "memory.activation_reuse=64 MiB"] + overrides)
        #expect(found.problems.isEmpty, "\(found.problems)")
        let warnings = found.warnings.filter { $0.hasPrefix("memory.activation_reuse: ") }
        #expect(warnings.count == 1 && warnings[0].contains(reason), "\(found.warnings)")
        // Who asks for no memory is told nothing.
        let automatic = try Self.inspection([:], ["device=cpu"] + overrides)
        #expect(!automatic.warnings.contains { $0.contains("activation_reuse") })
    }

    private static func adapter(_ extra: String) -> [String: String] {
        [
            "adapter/adapter_config.json": """
            {"peft_type": "LORA", "r": 4, "lora_alpha": 8, \(extra)}
            """,
            "adapter/adapter_model.safetensors": "",
        ]
    }

    /// An adapter that is continued has the dropout of its own file, whatever the recipe's is.
    @Test func dropoutOfAnAdapterThatIsReadCounts() throws {
        let overrides = ["device=cpu", "memory.activation_reuse=64 MiB", "lora={path: adapter}"]
        let dropping = try Self.inspection(Self.adapter(#""lora_dropout": 0.1"#), overrides)
        #expect(dropping.problems.isEmpty, "\(dropping.problems)")
        #expect(
            dropping.warnings.contains { $0.contains("adapter/adapter_config.json the update") },
            "\(dropping.warnings)")
        let plain = try Self.inspection(Self.adapter(#""lora_dropout": 0"#), overrides)
        #expect(!plain.warnings.contains { $0.contains("lora_dropout") }, "\(plain.warnings)")
    }

    /// What an adapter asks for and nobody here computes is told before its matrices are read.
    @Test func anAdapterOfAnotherKindIsRefused() throws {
        let found = try Self.problems(
            Self.adapter(#""use_dora": true"#), overrides: ["lora={path: adapter}"])
        #expect(found.count == 1 && found[0].hasPrefix("lora.path: "), "\(found)")
        #expect(found[0].contains("use_dora"), "\(found)")
    }

    @Test func keptActivationsDependOnTheProcessor() throws {
        let found = try Self.inspection([:], ["device=cpu", "memory.activation_reuse=64 MiB"])
        let isTold = found.warnings.contains { $0.contains("activation_reuse") }
        #expect(isTold != Kernels.hasOwnProducts)
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
        ("dataset.test={path: held.jsonl}", "dataset.test.path: there is no file"),
    ])
    func whatAKeyPointsToMustBeThere(override: String, message: String) throws {
        let found = try Self.problems(overrides: [override])
        #expect(!found.isEmpty && found[0].contains(message), "\(found)")
    }

    @Test func aChatTemplateMayStandInTheTokenizersSettings() throws {
        let settings = [
            "model/tokenizer_config.json":
                #"{"chat_template": "{{ messages[0].content }}{{ messages[1].content }}"}"#
        ]
        let inspection = try Self.inspection(
            settings, ["dataset.prompt={system: x}", "dataset.shuffle=false"])
        #expect(inspection.problems == [])
        #expect(inspection.firstRow?.text == "xa")
    }

    @Test func aTemplateThatRaisesIsAProblem() throws {
        let settings = [
            "model/tokenizer_config.json":
                #"{"chat_template": "{{ raise_exception('no system messages') }}"}"#
        ]
        let found = try Self.problems(settings, overrides: ["dataset.prompt={system: x}"])
        #expect(found.count == 1 && found[0].contains("no system messages"), "\(found)")
    }

    @Test func rowsThatAreTooLongAreWarnedOf() throws {
        let long = "{\"prompt\": \"\(String(repeating: "1+", count: 400))\"}\n{\"prompt\": \"a\"}\n"
        let inspection = try Self.inspection(["rows.jsonl": long])
        #expect(inspection.problems == [])
        #expect(inspection.warnings.count == 1)
        #expect(inspection.warnings[0].contains("longer than 448 tokens"))
        #expect(
            try Self.problems(["rows.jsonl": long], overrides: ["dataset.overlong=refuse"]).count
                == 1)
    }

    @Test func layersTheModelDoesNotHaveAreProblems() throws {
        let found = try Self.problems(overrides: ["lora.target_modules=[q_proj, qproj, x]"])
        #expect(
            found == [
                "lora.target_modules[1]: the model has no layer qproj; did you mean q_proj?",
                "lora.target_modules[2]: the model has no layer x; it has: q_proj, k_proj, v_proj, "
                    + "o_proj, gate_proj, up_proj, down_proj",
            ])
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
