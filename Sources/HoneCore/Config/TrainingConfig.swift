import OrderedCollections

/// One recipe: everything a run depends on. Keys are TRL's names in snake_case where it has one.
public struct TrainingConfig: ConfigSection {
    public var method: Method = .grpo
    /// Name of the run; `nil` takes the name of the recipe's folder.
    public var name: String?
    public var model: ModelSource = .folder("")
    /// Folder of the run; `nil` means `.hone/runs/NAME`.
    public var output: String?
    public var seed = 42
    public var device: DeviceChoice = .automatic
    public var dtype: DTypeChoice = .automatic
    public var quantization: Quantization = .none
    /// CPU threads; `nil` uses every core.
    public var threads: Int?
    public var dataset: DatasetConfig = .defaults
    public var rewards: [RewardConfig] = []
    public var sampling: SamplingConfig = .defaults
    /// Used when ``method`` is ``Method/grpo``.
    public var grpo: GRPOConfig = .defaults
    /// `nil` learns from every group.
    public var filterGroups: FilterGroupsConfig?
    /// `nil` asks every prompt once an epoch.
    public var difficulty: DifficultyConfig?
    /// Used when ``method`` is ``Method/sft``.
    public var sft: SFTConfig = .defaults
    /// `nil` means every weight is trained.
    public var lora: AdapterConfig?
    public var optimizer: OptimizerConfig = .defaults
    /// `nil` means no evaluation.
    public var evaluation: EvaluationConfig?
    public var checkpoints: CheckpointConfig = .defaults
    public var tripwires: TripwireConfig = .defaults
    public var report: [ReportTarget] = []
    public var memory: MemoryConfig = .defaults

    /// How the weights under an adapter are kept.
    public enum Quantization: String, ConfigChoice {
        /// In ``TrainingConfig/dtype``.
        case none
        /// In four bits (QLoRA, arXiv 2305.14314).
        case nf4
    }

    public enum Method: String, ConfigChoice {
        case grpo, sft
    }

    public init(model: ModelSource, dataset: DatasetConfig) {
        self.model = model
        self.dataset = dataset
    }

    private init() {}

    public static let defaults = TrainingConfig()
    public static let summary = "A training run."
    public static let fields: [ConfigField<TrainingConfig>] = [
        ConfigField(
            "method", \.method, "grpo: reinforcement from rewards; sft: supervised examples."),
        .optional(
            "name", \.name, "Name of the run. Default: the name of the recipe's folder.", .notEmpty,
            synonyms: ["run_name"]),
        .required(
            "model", \.model,
            "Folder in Hugging Face layout; or, for sft, a mapping that describes a new model.",
            synonyms: ["model_name_or_path", "base_model"]),
        .optional(
            "output", \.output, "Folder for all that the run writes. Default: .hone/runs/NAME.",
            .notEmpty, synonyms: ["output_dir"]),
        ConfigField(
            "seed", \.seed, "Decides every random draw: data order, sampling, initial weights.",
            .atLeast(0)),
        ConfigField("device", \.device, "Where to compute; auto takes a GPU if there is one."),
        ConfigField(
            "dtype", \.dtype,
            "Precision of the weights while computing; auto takes bf16 where it is fast."),
        ConfigField(
            "quantization", \.quantization,
            "nf4 keeps the weights under an adapter in four bits, at most 0.6 bytes a parameter of "
                + "the model (QLoRA); none keeps them in dtype.",
            synonyms: ["load_in_4bit", "bnb_4bit_quant_type", "quantization_config", "quantize"]),
        .optional(
            "threads", \.threads, "CPU threads for tensor work. Default: one per core.",
            .atLeast(1)),
        .required("dataset", \.dataset, "The rows to train on.", synonyms: ["data"]),
        ConfigField("rewards", \.rewards, "Functions that score a completion."),
        ConfigField("sampling", \.sampling, "How completions are drawn in training."),
        ConfigField("grpo", \.grpo, "Options of method grpo."),
        ConfigField(
            "filter_groups", \.filterGroups,
            "Dynamic sampling: replace groups without signal. Absent: learn from every group.",
            synonyms: ["dynamic_sampling", "use_dynamic_sampling"]),
        ConfigField(
            "difficulty", \.difficulty,
            "Ask solved prompts less often. Absent: every prompt once an epoch.",
            synonyms: ["curriculum"]),
        ConfigField("sft", \.sft, "Options of method sft."),
        ConfigField(
            "lora", \.lora, "Train a low-rank adapter. Absent: every weight is trained.",
            synonyms: ["peft", "adapter"]),
        ConfigField("optimizer", \.optimizer, "The optimiser and the learning-rate schedule."),
        ConfigField(
            "evaluation", \.evaluation, "Held-out measurement. Absent: none.",
            synonyms: ["eval"]),
        ConfigField("checkpoints", \.checkpoints, "When the run's state is saved."),
        ConfigField(
            "tripwires", \.tripwires,
            "Warnings of collapse, and what happens when a number is not finite."),
        ConfigField(
            "report", \.report,
            "Where metrics go besides the run's folder: tensorboard writes its files there; wandb and "
                + "mlflow go through their own Python libraries and environment variables.",
            synonyms: ["report_to"]),
        ConfigField("memory", \.memory, "Bounds on memory."),
    ]

    public static let checks: [ConfigCheck<TrainingConfig>] = [
        ConfigCheck("rewards", "method") { config, _ in
            guard config.method == .grpo, config.rewards.isEmpty else { return nil }
            return "method grpo needs at least one reward, such as "
                + "{name: answer, type: exact_match}"
        },
        ConfigCheck("rewards") { config, _ in
            var seen: Set<String> = []
            for reward in config.rewards where !seen.insert(reward.name).inserted {
                return "two rewards are named \(reward.name); metrics go by name, so rename one"
            }
            return nil
        },
        ConfigCheck("rewards", "method") { config, _ in
            guard config.method == .grpo, !config.rewards.isEmpty,
                config.rewards.allSatisfy({ $0.weight == 0 })
            else { return nil }
            return "every weight is 0, so no completion is better than another"
        },
        ConfigCheck("sampling.temperature", "method") { config, _ in
            guard config.method == .grpo, config.sampling.temperature == 0 else { return nil }
            return "0 draws the same completion for the whole group, from which grpo learns "
                + "nothing; use 1.0 (evaluation.temperature may be 0)"
        },
        ConfigCheck("sampling.top_k", "method") { config, _ in
            guard config.method == .grpo, config.sampling.topK == 1 else { return nil }
            return "1 draws the same completion for the whole group, from which grpo learns "
                + "nothing; use 0 to keep all tokens"
        },
        ConfigCheck("grpo", "method") { config, given in
            guard config.method == .sft, given.contains("grpo") else { return nil }
            return "belongs to method grpo, but method is sft; remove it"
        },
        ConfigCheck("sft", "method") { config, given in
            guard config.method == .grpo, given.contains("sft") else { return nil }
            return "belongs to method sft, but method is grpo; remove it or set method: sft"
        },
        ConfigCheck("filter_groups", "method") { config, _ in
            guard config.method == .sft, config.filterGroups != nil else { return nil }
            return "chooses among groups of completions, which method sft has not; remove it"
        },
        ConfigCheck("difficulty", "method") { config, _ in
            guard config.method == .sft, config.difficulty != nil else { return nil }
            return "remembers how completions were scored, which method sft has not; remove it"
        },
        ConfigCheck("filter_groups.metric", "rewards") { config, _ in
            config.filterGroups.flatMap { config.unknownReward($0.metric) }
        },
        ConfigCheck("difficulty.metric", "rewards") { config, _ in
            config.difficulty.flatMap { config.unknownReward($0.metric) }
        },
        ConfigCheck("evaluation.metric_for_best_model", "rewards") { config, _ in
            guard let evaluation = config.evaluation else { return nil }
            let own = evaluation.rewards.isEmpty ? config.rewards : evaluation.rewards
            return evaluation.unknownMetric(rewards: own.map(\.name))
        },
        ConfigCheck("dataset.completion", "method") { config, given in
            guard config.method == .grpo, given.contains("dataset.completion") else { return nil }
            return "method grpo draws its own completions; remove it or set method: sft"
        },
        ConfigCheck("model", "method") { config, _ in
            guard config.method == .grpo, case .scratch = config.model else { return nil }
            return "a new model knows nothing that grpo could reinforce; "
                + "train it with method sft first, then name its folder here"
        },
        ConfigCheck("lora", "model") { config, _ in
            guard config.lora != nil, case .scratch = config.model else { return nil }
            return "an adapter on a new, untrained model would leave its random weights as they "
                + "are; remove lora"
        },
        ConfigCheck("quantization", "lora") { config, _ in
            guard config.quantization != .none, config.lora == nil else { return nil }
            return "weights in four bits cannot be trained themselves; add lora, or remove this"
        },
        ConfigCheck("quantization", "model") { config, _ in
            guard config.quantization != .none, case .scratch = config.model else { return nil }
            return "a new model has to be trained in full; remove this"
        },
        ConfigCheck("quantization", "grpo.sync_ref_model") { config, _ in
            guard config.quantization != .none, config.grpo.syncRefModel else { return nil }
            return "a reference in four bits cannot move; remove grpo.sync_ref_model or this"
        },
        ConfigCheck("sampling.quantization", "grpo.importance_sampling_correction") {
            config, given in
            guard config.method == .grpo, config.sampling.quantization != .none,
                !given.contains("grpo.importance_sampling_correction")
            else { return nil }
            return "such a sampler is not quite the policy; set importance_sampling_correction to "
                + "token_truncate, or to none to leave the gap"
        },
        ConfigCheck("sampling.quantization", "quantization") { config, _ in
            guard config.sampling.quantization != .none, config.quantization != .none else {
                return nil
            }
            return "weights in four bits are not coded a second time; remove one of the two"
        },
        ConfigCheck("evaluation", "dataset.test") { config, given in
            guard given.contains("evaluation"), config.dataset.test == nil else { return nil }
            return "there are no held-out rows; add dataset.test, such as test: {fraction: 0.1}"
        },
        ConfigCheck("checkpoints.best", "evaluation") { config, _ in
            guard config.checkpoints.best, config.evaluation == nil else { return nil }
            return "keeps the state of the best evaluation, and there is none; add evaluation and "
                + "dataset.test"
        },
        ConfigCheck("evaluation.pass_at_k", "rewards") { config, _ in
            guard let evaluation = config.evaluation, !evaluation.passAtK.isEmpty,
                config.rewards.isEmpty, evaluation.rewards.isEmpty
            else { return nil }
            return "pass@k counts completions that the rewards call right; add rewards"
        },
    ]

    /// Why `name` is none of the recipe's rewards.
    private func unknownReward(_ name: String) -> String? {
        let names = rewards.map(\.name)
        guard !names.contains(name) else { return nil }
        let meant = KeySuggestion.nearest(to: name, among: names).map { "did you mean \($0)?" }
        return "no reward is named \(name); "
            + (meant ?? "there are \(names.joined(separator: ", "))")
    }

    /// All keys with their values, except the section of the method that is not used.
    public var configJSON: JSONValue {
        var members = JSONObject()
        let unused = method == .grpo ? "sft" : "grpo"
        for field in Self.fields where field.described.name != unused {
            members[field.described.name] = field.json(self)
        }
        if method == .grpo, case .object(var rows)? = members["dataset"] {
            rows["completion"] = nil
            members["dataset"] = .object(rows)
        }
        return .object(members)
    }
}
