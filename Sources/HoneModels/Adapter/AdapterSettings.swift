import Foundation
import HoneCore
import OrderedCollections

/// `adapter_config.json`.
enum AdapterSettings {
    /// Keys that do not change what a loaded adapter adds: how it was started, where it was put (its
    /// tensors' names say that), and settings of methods that `fixed` keeps switched off.
    private static let inert: Set<String> = [
        "task_type", "peft_version", "auto_mapping", "base_model_name_or_path", "revision",
        "inference_mode", "init_lora_weights", "target_modules", "exclude_modules",
        "layers_to_transform", "layers_pattern", "eva_config", "corda_config", "lora_ga_config",
        "loftq_config", "megatron_core", "qalora_group_size", "ensure_weight_tying",
        "runtime_config",
    ]

    /// Keys with the values at which they do nothing.
    private static let fixed: [(key: String, values: [JSONValue])] = [
        ("bias", ["none"]), ("fan_in_fan_out", [false]), ("use_dora", [false]),
        ("use_qalora", [false]), ("lora_bias", [false]), ("modules_to_save", [[]]),
        ("layer_replication", []), ("megatron_config", []), ("trainable_token_indices", []),
        ("target_parameters", [[]]), ("alora_invocation_tokens", []), ("arrow_config", []),
        ("kasa_config", []), ("monteclora_config", []), ("use_bdlora", [false]),
        ("velora_config", []),
    ]

    static func read(_ file: URL) throws -> LoRAConfig {
        let root: JSONObject
        do {
            let bytes = [UInt8](try PlainFile.contents(of: file))
            guard let object = try JSONValue(parsing: bytes).objectValue else {
                throw ModelError.unreadable(file: file.path, reason: "it must hold an object")
            }
            root = object
        } catch let error as JSONError {
            throw ModelError.unreadable(file: file.path, reason: error.description)
        } catch let error as PlainFile.Problem {
            let remedy =
                error.kind == .absent
                ? "; an adapter is a folder with "
                    + "\(AdapterFile.configName) and \(AdapterFile.weightsName)" : ""
            throw ModelError.unreadable(file: file.path, reason: error.reason + remedy)
        }
        var reader = ConfigReader(file: file.path, members: root)
        guard let type = try reader.string("peft_type") else {
            throw ModelError.missingField(file: file.path, key: "peft_type")
        }
        guard type == "LORA" else { throw reader.unsupported("peft_type", .string(type)) }
        reader.ignore(inert)
        for (key, values) in fixed { try reader.require(key, isOneOf: values) }
        guard let alpha = try reader.number("lora_alpha") else {
            throw ModelError.missingField(file: file.path, key: "lora_alpha")
        }
        var ranks: [String: Int] = [:]
        for (key, value) in try reader.members("rank_pattern") {
            guard let rank = value.intValue else {
                throw reader.invalid("rank_pattern.\(key)", value, "an integer")
            }
            ranks[key] = rank
        }
        var alphas: [String: Double] = [:]
        for (key, value) in try reader.members("alpha_pattern") {
            guard let alpha = value.doubleValue else {
                throw reader.invalid("alpha_pattern.\(key)", value, "a number")
            }
            alphas[key] = alpha
        }
        let config = LoRAConfig(
            rank: try reader.requiredCount("r"), alpha: alpha,
            dropout: try reader.number("lora_dropout") ?? 0,
            targets: .names(try targets(&reader)),
            scaling: try reader.flag("use_rslora") ?? false ? .rankStabilized : .standard,
            rankPattern: ranks, alphaPattern: alphas)
        try reader.finish()
        try config.validate()
        return config
    }

    /// The model that the adapter says it was trained on; `nil` where it does not say.
    static func baseModel(_ file: URL) -> String? {
        guard let data = try? PlainFile.contents(of: file),
            let value = try? JSONValue(parsing: [UInt8](data))["base_model_name_or_path"]
        else { return nil }
        return value.stringValue.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// For the record only: the tensors' names say which layers are meant.
    private static func targets(_ reader: inout ConfigReader) throws(ModelError) -> [String] {
        guard let value = reader.value("target_modules") else { return ["all-linear"] }
        return value.stringValue.map { [$0] } ?? value.arrayValue?.compactMap(\.stringValue) ?? []
    }

    /// What peft would write for an adapter on the layers `targets` (full paths).
    static func object(_ config: LoRAConfig, targets: [String], baseModel: String) -> JSONObject {
        [
            "peft_type": "LORA",
            "task_type": "CAUSAL_LM",
            "base_model_name_or_path": .string(baseModel),
            "r": .int(config.rank),
            "lora_alpha": number(config.alpha),
            "lora_dropout": number(config.dropout),
            "use_rslora": .bool(config.scaling == .rankStabilized),
            "rank_pattern": .object(
                JSONObject(
                    uniqueKeysWithValues: config.rankPattern.sorted { $0.key < $1.key }
                        .map { ($0.key, .int($0.value)) })),
            "alpha_pattern": .object(
                JSONObject(
                    uniqueKeysWithValues: config.alphaPattern.sorted { $0.key < $1.key }
                        .map { ($0.key, number($0.value)) })),
            "target_modules": .array(shortened(targets).map { .string($0) }),
            "bias": "none",
            "fan_in_fan_out": false,
            "inference_mode": true,
            "init_lora_weights": true,
            "use_dora": false,
            "modules_to_save": nil,
        ]
    }

    private static func number(_ value: Double) -> JSONValue {
        Int(exactly: value).map { .int($0) } ?? .double(value)
    }

    /// Last names where each stands for all its layers, else full paths.
    private static func shortened(_ targets: [String]) -> [String] {
        var counts: OrderedDictionary<String, Int> = [:]
        for target in targets { counts[last(target), default: 0] += 1 }
        let isEven = Set(counts.values).count <= 1
        return isEven ? Array(counts.keys) : targets
    }

    private static func last(_ path: String) -> String {
        path.split(separator: ".").last.map(String.init) ?? path
    }
}
