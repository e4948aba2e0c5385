/// Which activations of the update are computed again instead of being kept
/// (arXiv 1604.06174): `false`, `true` (each layer by itself), or layers in a block.
public enum GradientCheckpointing: ConfigValue {
    /// Everything is kept.
    case off
    /// What enters each block of so many layers is kept; at least 1.
    case blocks(ofLayers: Int)

    public static let form = ConfigForm.either([
        .value("true or false"), .value("a number of layers, at least 1"),
    ])

    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> GradientCheckpointing? {
        if let isOn = json.boolValue { return isOn ? .blocks(ofLayers: 1) : .off }
        if let layers = json.intValue, layers >= 1 { return .blocks(ofLayers: layers) }
        reportMismatch(json, at: path, &problems)
        return nil
    }

    public var configJSON: JSONValue {
        switch self {
        case .off: false
        case .blocks(let layers): .int(layers)
        }
    }
}
