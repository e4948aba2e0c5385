import OrderedCollections

/// Where the weights come from.
public enum ModelSource: ConfigValue {
    /// A folder in Hugging Face layout.
    case folder(String)
    /// A new model with random weights.
    case scratch(ScratchModel)

    public static let form = ConfigForm.either([.value("a folder's path"), ScratchModel.form])

    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> ModelSource? {
        switch json {
        case .string(let folder):
            if folder.isEmpty {
                problems.append(ConfigProblem(path, "must be the path of a folder, is empty"))
                return nil
            }
            return .folder(folder)
        case .object:
            return ScratchModel.read(json, at: path, &problems).map(ModelSource.scratch)
        default:
            reportMismatch(json, at: path, &problems)
            return nil
        }
    }

    public var configJSON: JSONValue {
        switch self {
        case .folder(let folder): .string(folder)
        case .scratch(let model): model.configJSON
        }
    }

    /// The folder that holds `tokenizer.json` and the chat template.
    public var tokenizerFolder: String {
        switch self {
        case .folder(let folder): folder
        case .scratch(let model): model.tokenizer
        }
    }
}

/// A model that a recipe describes and training starts from random weights.
public struct ScratchModel: ConfigSection {
    /// What `config.json` of such a model would hold.
    public var config: JSONObject = [:]
    /// Folder with `tokenizer.json`, `tokenizer_config.json` and the chat template.
    public var tokenizer = ""

    public init(config: JSONObject, tokenizer: String) {
        self.config = config
        self.tokenizer = tokenizer
    }

    private init() {}

    public static let defaults = ScratchModel()
    public static let summary = "A new model with random weights."
    public static let fields: [ConfigField<ScratchModel>] = [
        .required(
            "config", \.config,
            "The members of the new model's config.json: model_type, hidden_size and so on.",
            .notEmpty),
        .required(
            "tokenizer", \.tokenizer, "Folder with tokenizer.json and its companions.", .notEmpty),
    ]
}
