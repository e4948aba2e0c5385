/// Bounds on memory.
public struct MemoryConfig: ConfigSection {
    /// Bytes for keys and values of the completions being drawn; `nil` plans by what is free.
    public var cacheBudget: ByteCount?
    /// What the update computes again instead of keeping.
    public var gradientCheckpointing: GradientCheckpointing = .off
    /// What the update takes over from the sampler.
    public var activationReuse = ActivationReuse.automatic

    public init() {}

    public static let defaults = MemoryConfig()
    public static let summary = "Bounds on memory."
    public static let fields: [ConfigField<MemoryConfig>] = [
        .optional(
            "cache_budget", \.cacheBudget,
            "Memory for the keys and values of completions being drawn, such as 2 GiB. Default: "
                + "planned from what is free."),
        ConfigField(
            "gradient_checkpointing", \.gradientCheckpointing,
            "Keep only what enters each layer, or each block of so many layers, and compute the "
                + "rest again in the backward pass: less memory, a third more work, the same "
                + "gradients to the bit.",
            synonyms: ["checkpointing", "use_gradient_checkpointing"]),
        ConfigField(
            "activation_reuse", \.activationReuse,
            "Memory for what the layers gave for tokens that the policy drew. The update then takes "
                + "it from there and does not compute it again; what does not fit is computed. On "
                + "AMD processors with AVX-512 bf16, with dense weights and without dropout; "
                + "elsewhere nothing is kept. `auto` keeps the same of every row where that saves "
                + "time, in up to three eighths of the machine's memory or half of what weights and "
                + "training leave of it: everything where that holds 32,768 rows, else what the "
                + "feed-forward blocks gave. A number of bytes keeps everything of as many rows as "
                + "fit; `false` computes everything.",
            synonyms: ["reuse_activations"]),
    ]
}

/// A number of bytes, written as a number or with a unit: `512 MiB`, `2GB`.
public struct ByteCount: ConfigValue {
    public var bytes: Int

    public init(bytes: Int) { self.bytes = bytes }

    private static let units: [(name: String, bytes: Double)] = [
        ("KiB", 1024), ("MiB", 1_048_576), ("GiB", 1_073_741_824), ("TiB", 1_099_511_627_776),
        ("kB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("B", 1),
    ]

    /// The amount `text` names: digits, an optional space, and one of B, kB, MB, GB, TB (powers of
    /// 1000) or KiB, MiB, GiB, TiB (powers of 1024).
    public init?(_ text: String) {
        let lowered = text.lowercased()
        for unit in Self.units where lowered.hasSuffix(unit.name.lowercased()) {
            let digits = text.dropLast(unit.name.count).filter { $0 != " " }
            guard let amount = Double(digits), amount > 0, amount * unit.bytes < 9e18 else {
                return nil
            }
            bytes = Int(amount * unit.bytes)
            return
        }
        return nil
    }

    public static let form = ConfigForm.value("a number of bytes, such as 2 GiB")

    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> ByteCount? {
        if let bytes = json.intValue, bytes > 0 { return ByteCount(bytes: bytes) }
        if let count = json.stringValue.flatMap(ByteCount.init) { return count }
        reportMismatch(json, at: path, &problems)
        return nil
    }

    public var configJSON: JSONValue { .int(bytes) }
}
