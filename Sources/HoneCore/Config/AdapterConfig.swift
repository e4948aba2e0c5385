/// A low-rank adapter (LoRA, arXiv 2106.09685) to train instead of every weight.
public struct AdapterConfig: ConfigSection {
    public var rank = 16
    public var alpha = 32.0
    public var dropout = 0.0
    public var targetModules: TargetModules = .allLinear
    public var useRSLoRA = false
    /// Folder of an adapter in PEFT's format to go on from.
    public var path: String?

    public init() {}

    public static let defaults = AdapterConfig()
    public static let summary = "A low-rank adapter."
    public static let fields: [ConfigField<AdapterConfig>] = [
        ConfigField(
            "rank", \.rank, "Rank of the update of each matrix.", .atLeast(1),
            synonyms: ["r", "lora_r"]),
        ConfigField(
            "alpha", \.alpha, "The update is scaled by alpha / rank.", .above(0),
            synonyms: ["lora_alpha"]),
        ConfigField(
            "dropout", \.dropout, "Share of the adapter's inputs set to 0 in training.",
            .atLeast(0, below: 1), synonyms: ["lora_dropout"]),
        ConfigField(
            "target_modules", \.targetModules,
            "Which matrices: all-linear (all but the head), or names such as [q_proj, v_proj]."),
        ConfigField(
            "use_rslora", \.useRSLoRA, "Scale by alpha / √rank instead (arXiv 2312.03732)."),
        .optional(
            "path", \.path, "Folder of an adapter in PEFT's format to go on from.", .notEmpty,
            synonyms: ["init", "adapter"]),
    ]
}

/// The linear layers that get an adapter.
public enum TargetModules: ConfigValue {
    /// Every linear layer but the head.
    case allLinear
    /// Layers whose name ends in one of these: `q_proj`.
    case named([String])

    public static let form = ConfigForm.either([
        .choice(["all-linear"]), .list(.value("a layer's name")),
    ])

    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> TargetModules? {
        switch json {
        case .string("all-linear"): return .allLinear
        case .array(let items):
            guard !items.isEmpty else {
                problems.append(
                    ConfigProblem(path, "names no layer; write all-linear or a list of names"))
                return nil
            }
            return [String].read(json, at: path, &problems).map(TargetModules.named)
        default:
            reportMismatch(json, at: path, &problems)
            return nil
        }
    }

    public var configJSON: JSONValue {
        switch self {
        case .allLinear: "all-linear"
        case .named(let names): names.configJSON
        }
    }
}
