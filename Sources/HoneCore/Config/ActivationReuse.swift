/// Whether the update takes what the sampler computed for the tokens it drew, instead of computing it
/// again: `auto`, `false`, or the memory that may be used to keep it.
public enum ActivationReuse: ConfigValue {
    /// Where it saves time, with memory by the size of the model.
    case automatic
    /// The update computes everything.
    case off
    /// What fits is kept; the update computes the rest.
    case upTo(ByteCount)

    public static let form = ConfigForm.either([
        .value("auto or false"), .value("a number of bytes, such as 256 MiB"),
    ])

    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> ActivationReuse? {
        if json.boolValue == false { return .off }
        if json.stringValue == "auto" { return .automatic }
        if let bytes = json.intValue, bytes > 0 { return .upTo(ByteCount(bytes: bytes)) }
        if let bytes = json.stringValue.flatMap(ByteCount.init) { return .upTo(bytes) }
        reportMismatch(json, at: path, &problems)
        return nil
    }

    public var configJSON: JSONValue {
        switch self {
        case .automatic: "auto"
        case .off: false
        case .upTo(let bytes): bytes.configJSON
        }
    }
}
