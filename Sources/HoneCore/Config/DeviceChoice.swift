/// The device a recipe asks for.
public enum DeviceChoice: ConfigValue {
    case automatic
    case cpu
    /// The CUDA device of this number.
    case cuda(Int)
    case mps

    public static let form = ConfigForm.value("one of auto, cpu, cuda, cuda:N, mps")

    public init?(_ text: String) {
        switch text {
        case "auto": self = .automatic
        case "cpu": self = .cpu
        case "cuda": self = .cuda(0)
        case "mps": self = .mps
        default:
            guard text.hasPrefix("cuda:"), let number = Int(text.dropFirst(5)), number >= 0 else {
                return nil
            }
            self = .cuda(number)
        }
    }

    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> DeviceChoice? {
        if let choice = json.stringValue.flatMap(DeviceChoice.init) { return choice }
        reportMismatch(json, at: path, &problems)
        return nil
    }

    public var configJSON: JSONValue {
        switch self {
        case .automatic: "auto"
        case .cpu: "cpu"
        case .cuda(let number): .string(number == 0 ? "cuda" : "cuda:\(number)")
        case .mps: "mps"
        }
    }
}

/// The precision a recipe asks for.
public enum DTypeChoice: String, ConfigChoice {
    case automatic = "auto"
    case float32 = "f32"
    case bfloat16 = "bf16"
}

/// Where metrics go besides the run's folder.
public enum ReportTarget: String, ConfigChoice {
    case tensorboard, wandb, mlflow
}
