import HoneCore
import OrderedCollections
import Testing

@Suite struct TrainingConfigTests {
    static let minimal: JSONValue = [
        "model": "m", "dataset": ["path": "rows.jsonl"],
        "rewards": [["name": "answer", "type": "exact_match"]],
    ]

    /// `minimal` with further values at dotted paths.
    static func document(_ changes: (String, JSONValue)...) throws -> ConfigDocument {
        var document = ConfigDocument(file: "recipe.yaml", root: minimal)
        for (path, value) in changes { try document.set(ConfigPath(path), to: value) }
        return document
    }

    static func problems(_ changes: (String, JSONValue)...) throws -> [String] {
        var document = ConfigDocument(file: "recipe.yaml", root: minimal)
        for (path, value) in changes { try document.set(ConfigPath(path), to: value) }
        return TrainingConfig.decode(document, rewards: nil).problems.map(\.description)
    }

    @Test func fillsDefaults() throws {
        let config = try TrainingConfig(decoding: Self.document(), rewards: nil)
        #expect(config.method == .grpo)
        #expect(config.model == .folder("m"))
        #expect(config.grpo.numGenerations == 8)
        #expect(config.grpo.lossType == .dapo)
        #expect(config.lora == nil)
        #expect(config.rewards[0].weight == 1)
        #expect(config.evaluation == nil)
    }

    @Test func readsEverySection() throws {
        let config = try TrainingConfig(
            decoding: Self.document(
                ("lora", ["rank": 4, "alpha": 64, "target_modules": ["q_proj", "v_proj"]]),
                ("grpo.loss_type", "dr_grpo"), ("grpo.epsilon_high", 0.28),
                ("optimizer", ["learning_rate": 3e-6, "schedule": "cosine", "warmup_ratio": 0.1]),
                ("dataset.test", ["fraction": 0.2]), ("evaluation", ["every": 10]),
                ("memory.cache_budget", "1.5 GiB"), ("device", "cuda:1"),
                ("dataset.columns", ["target": "answer"])), rewards: nil)
        #expect(config.lora?.targetModules == .named(["q_proj", "v_proj"]))
        #expect(config.lora?.alpha == 64)
        #expect(config.grpo.lossType == .drGRPO)
        #expect(config.grpo.epsilonHigh == 0.28)
        #expect(config.optimizer.schedule == .cosine)
        // ⌈0.1 · 25⌉
        #expect(config.optimizer.warmup(totalSteps: 25) == 3)
        #expect(config.dataset.test == .fraction(0.2))
        #expect(config.evaluation?.every == 10)
        #expect(config.memory.cacheBudget?.bytes == 1_610_612_736)
        #expect(config.device == .cuda(1))
        #expect(config.dataset.columns["target"] == "answer")
    }

    @Test func aSamplerInEightBitsHasToSayWhatBecomesOfTheGap() throws {
        let chosen = ("sampling.quantization", JSONValue.string("int8"))
        #expect(
            try Self.problems(chosen) == [
                "sampling.quantization: such a sampler is not quite the policy; set "
                    + "importance_sampling_correction to token_truncate, or to none to leave the gap"
            ])
        let correction = "grpo.importance_sampling_correction"
        #expect(try Self.problems(chosen, (correction, "none")) == [])
        #expect(try Self.problems(chosen, (correction, "token_truncate")) == [])
        #expect(
            try Self.problems(
                chosen, (correction, "none"), ("quantization", "nf4"), ("lora", ["rank": 4])
            ).count == 1)
    }

    @Test func optimizersGoByOurNamesAndByThoseOfTransformers() throws {
        for (name, expected) in [
            ("adamw", OptimizerConfig.Name.adamw), ("adamw_torch", .adamw),
            ("adamw_8bit", .adamw8Bit), ("adamw_bnb_8bit", .adamw8Bit), ("sgd", .sgd),
        ] {
            let config = try TrainingConfig(
                decoding: Self.document(("optimizer.name", .string(name))), rewards: nil)
            #expect(config.optimizer.name == expected)
        }
        #expect(
            try Self.problems(("optimizer.optim", "sgd")) == [
                "optimizer.optim: unknown key; did you mean name?"
            ])
        #expect(
            try Self.problems(("optimizer.momentum", 0.5)) == [
                "optimizer.name: momentum belongs to name: sgd; AdamW's is adam_beta1"
            ])
        #expect(
            try Self.problems(("optimizer", ["name": "sgd", "adam_beta2": 0.9])) == [
                "optimizer.name: sgd has no adam_beta2; remove it, or take name: adamw"
            ])
    }

    @Test func gradientCheckpointingIsAWordOrANumberOfLayers() throws {
        func read(_ json: JSONValue) throws -> GradientCheckpointing {
            try TrainingConfig(
                decoding: Self.document(("memory", ["gradient_checkpointing": json])), rewards: nil
            ).memory.gradientCheckpointing
        }
        #expect(try read(true) == .blocks(ofLayers: 1))
        #expect(try read(4) == .blocks(ofLayers: 4))
        #expect(try read(false) == .off)
        #expect(
            try Self.problems(("memory", ["gradient_checkpointing": 0])) == [
                "memory.gradient_checkpointing: expected true or false, or a number of layers, "
                    + "at least 1, found 0"
            ])
    }

    @Test func activationReuseIsAWordOrAnAmountOfMemory() throws {
        func read(_ json: JSONValue) throws -> ActivationReuse {
            try TrainingConfig(
                decoding: Self.document(("memory", ["activation_reuse": json])), rewards: nil
            ).memory.activationReuse
        }
        #expect(try read("auto") == .automatic)
        #expect(try read(false) == .off)
        #expect(try read("1 GiB") == .upTo(ByteCount(bytes: 1 << 30)))
        #expect(try read(4096) == .upTo(ByteCount(bytes: 4096)))
        #expect(
            try Self.problems(("memory", ["activation_reuse": true])) == [
                "memory.activation_reuse: expected auto or false, or a number of bytes, "
                    + "such as 256 MiB, found true"
            ])
    }

    @Test func keepsOptionsOfARewardForItsType() throws {
        let config = try TrainingConfig(
            decoding: Self.document(("rewards.0.column", "target"), ("rewards.0.weight", 0.5)),
            rewards: nil)
        #expect(config.rewards[0].options == ["column": "target"])
        #expect(config.rewards[0].weight == 0.5)
    }

    @Test func namesTheKeyThatWasMeant() throws {
        #expect(
            try Self.problems(("grpo.num_generation", 8)) == [
                "grpo.num_generation: unknown key; did you mean num_generations?"
            ])
        #expect(
            try Self.problems(("optimizer.lr", 1e-5)) == [
                "optimizer.lr: unknown key; did you mean learning_rate?"
            ])
        #expect(
            try Self.problems(("datset", ["path": "x"])) == [
                "datset: unknown key; did you mean dataset?"
            ])
        #expect(
            try Self.problems(("grpo.loss_type", "dapoo")) == [
                "grpo.loss_type: expected one of grpo, bnpo, dr_grpo, dapo, cispo, sapo, luspo, vespo, "
                    + "found dapoo; did you mean dapo?"
            ])
    }

    @Test func collectsEveryProblemInOnePass() throws {
        let found = try Self.problems(
            ("grpo.num_generations", 1), ("sampling.top_p", 0), ("optimizer.learning_rate", -1.0),
            ("sampling.temperature", "warm"), ("optimizer.warmup_ratio", 1.5), ("sede", 3))
        #expect(
            found == [
                "sampling.temperature: expected a number, found \"warm\"",
                "sampling.top_p: must be greater than 0.0 and at most 1.0, is 0 "
                    + "(1 keeps all tokens)",
                "grpo.num_generations: must be at least 2, is 1 (a completion is judged against "
                    + "the others of its group; 8 is usual)",
                "optimizer.learning_rate: must be greater than 0.0, is -1.0",
                "optimizer.warmup_ratio: must be between 0.0 and 1.0, is 1.5",
                "sede: unknown key; did you mean seed?",
            ])
    }

    @Test func namesWhatIsMissing() {
        let (_, problems) = TrainingConfig.decode(
            ConfigDocument(file: "r", root: [:]), rewards: nil)
        #expect(problems.map { "\($0.path)" } == ["model", "dataset", "rewards"])
    }

    @Test(
        arguments: [
            ("sampling.temperature", 0), ("sampling.top_k", 1), ("sft", ["packing": true]),
            ("rewards", []), ("rewards.0.weight", 0), ("evaluation", ["every": 5]),
            ("model", ["config": ["model_type": "qwen2"], "tokenizer": "t"]),
            ("grpo", ["train_steps": 5, "num_train_epochs": 2]),
            ("optimizer", ["warmup_steps": 5, "warmup_ratio": 0.5]),
            ("optimizer", ["schedule": "constant", "min_learning_rate": 1e-7]),
            ("checkpoints", ["best": true]),
            ("optimizer.min_learning_rate", 0.5), ("dataset.test", ["fraction": 1.0]),
            ("dataset.test", ["fraction": 0.5, "rows": 3]), ("dataset.test", 0.5),
            ("lora.target_modules", []), ("lora.rank", 0), ("memory.cache_budget", "lots"),
            ("grpo", ["num_prompts": 8, "steps_per_generation": 3]), ("device", "gpu"),
            ("dataset.prompt", ["style": "text", "system": "Be brief."]),
            ("dataset.prompt", ["messages": [["role": "user", "content": "x"]], "prefill": "y"]),
            ("seed", 1.5), ("dataset", "rows.jsonl"), ("dataset.columns", ["a": 1]), ("lora", []),
        ] as [(String, JSONValue)])
    func refusesWhatCannotWork(path: String, value: JSONValue) throws {
        let found = try Self.problems((path, value))
        #expect(found.count == 1, "\(found)")
    }

    /// Checks options as a reward's type would: it knows `column` only.
    struct ColumnCatalog: RewardCatalog {
        func check(
            _ reward: RewardConfig, at path: ConfigPath, _ problems: inout [ConfigProblem]
        ) { _ = ColumnOptions.decode(reward.options, at: path, &problems) }
    }

    struct ColumnOptions: ConfigSection {
        var column = "answer"
        static let summary = "Options."
        static let defaults = ColumnOptions()
        static let fields: [ConfigField<ColumnOptions>] = [
            ConfigField("column", \.column, "A column.")
        ]
    }

    @Test func aMisspeltKeyOfARewardIsToldTheRewardsOwnKeys() throws {
        let document = try Self.document(
            ("rewards.0.wieght", 0.5), ("rewards.0.colum", "target"))
        let (_, problems) = TrainingConfig.decode(document, rewards: ColumnCatalog())
        #expect(
            problems.map(\.description) == [
                "rewards[0].wieght: unknown key; did you mean weight?",
                "rewards[0].colum: unknown key; did you mean column?",
            ])
    }

    @Test func refusesEqualNames() throws {
        let twice: JSONValue = [["name": "a", "type": "t"], ["name": "a", "type": "u"]]
        #expect(try Self.problems(("rewards", twice)).count == 1)
    }

    @Test func acceptsANewModelForSupervisedTraining() throws {
        let config = try TrainingConfig(
            decoding: Self.document(
                ("method", "sft"), ("rewards", []), ("sft.batch_tokens", 4096),
                ("model", ["config": ["model_type": "qwen2"], "tokenizer": "t"])), rewards: nil)
        #expect(
            config.model == .scratch(ScratchModel(config: ["model_type": "qwen2"], tokenizer: "t")))
        #expect(config.sft.batch == .tokens(4096))
    }

    @Test func resolvedRecipeLoadsToTheSameValue() throws {
        for method in ["grpo", "sft"] as [JSONValue] {
            var document = try Self.document(
                ("method", method), ("lora.rank", 4), ("dataset.test.rows", 10),
                ("evaluation.samples", 4), ("evaluation.temperature", 0.7),
                ("rewards.0.file", "a.py"))
            let config = try TrainingConfig(decoding: document, rewards: nil)
            document.root = config.configJSON
            #expect(try TrainingConfig(decoding: document, rewards: nil) == config)
        }
    }

    @Test func problemsCarryTheLine() throws {
        let given = try Self.document(("sede", 3), ("grpo.num_generations", 1))
        // As a file has them: what `--set` gives has no line.
        let document = ConfigDocument(
            file: given.file, root: given.root,
            lines: [
                ConfigPath("sede"): 4, ConfigPath("grpo"): 7,
                ConfigPath("grpo.num_generations"): 8,
            ])
        let (_, problems) = TrainingConfig.decode(document, rewards: nil)
        #expect(problems.map(\.line) == [4, 8])
        let error = ConfigError(file: "r.yaml", problems: problems)
        #expect("\(error)".hasPrefix("r.yaml:4: sede: unknown key"))
    }

    @Test func overridesReachIntoListsAndNewSections() throws {
        var document = try Self.document()
        try document.set(ConfigPath("rewards[0].weight"), to: 0.25)
        try document.set(ConfigPath("lora.rank"), to: 2)
        let config = try TrainingConfig(decoding: document, rewards: nil)
        #expect(config.rewards[0].weight == 0.25)
        #expect(config.lora?.rank == 2)
        #expect(throws: ConfigProblem.self) {
            try document.set(ConfigPath("rewards[3].weight"), to: 1)
        }
        #expect(throws: ConfigProblem.self) { try document.set(ConfigPath("model.x"), to: 1) }
    }

    @Test func stepsFollowFromEpochs() {
        var config = GRPOConfig()
        config.numPrompts = 8
        // ⌈1 · 100 / 8⌉ = 13
        #expect(config.steps(rows: 100) == 13)
        config.numTrainEpochs = 0.5
        // ⌈0.5 · 100 / 8⌉ = 7
        #expect(config.steps(rows: 100) == 7)
    }

    /// Every key can be explained and the examples of nested keys resolve.
    @Test func everyKeyHasASummary() {
        func walk(_ keys: [ConfigKey]) {
            for key in keys {
                #expect(key.summary.count > 5, "\(key.name)")
                walk(key.form.keys)
            }
        }
        walk(TrainingConfig.form.keys)
    }
}
