import Foundation
import HoneCore
import OrderedCollections

extension RotaryConfig {
    /// What a scaling object may lean on outside itself.
    struct Surroundings {
        var family: ModelFamily
        var headWidth: Int
        var maximumLength: Int
        /// `original_max_position_embeddings` at the top of the file, where Phi-3 keeps it.
        var originalLength: Int?
        /// `rope_theta`, where it stands at the top of the file.
        var base: Double?
        var defaultBase: Double
        /// `partial_rotary_factor` at the top of the file.
        var fraction: Double?
    }

    /// Reads one scaling object (`rope_scaling`, `rope_parameters` or a layer kind's part of it);
    /// nil stands for plain rotation.
    init(_ object: ConfigReader?, _ outside: Surroundings, file: String) throws(ModelError) {
        var reader = object ?? ConfigReader(file: file, prefix: "rope_scaling.", members: [:])
        let named = try reader.string("rope_type")
        let older = try reader.string("type")
        let inside = try reader.positive("rope_theta")
        let base = inside ?? outside.base ?? outside.defaultBase
        let fraction = try reader.positive("partial_rotary_factor") ?? outside.fraction ?? 1
        // Bounded first: the product of a huge fraction is no integer.
        let width = Int(Double(outside.headWidth) * min(fraction, 1))
        guard fraction <= 1, width >= 2, width % 2 == 0 else {
            throw .contradiction(
                file: file, keys: ["partial_rotary_factor", "head_dim"],
                reason: "\(fraction) of \(outside.headWidth) channels is not an even number "
                    + "of channels from 2 to \(outside.headWidth)")
        }
        guard fraction == 1 || outside.family == .phi3 else {
            throw reader.unsupported("partial_rotary_factor", .double(fraction))
        }
        let type = Self.canonical(named ?? older ?? "default", outside.family)
        let scaling = try RotaryScaling(type, &reader, base: base, width: width, outside)
        try reader.finish()
        self.init(base: base, width: width, scaling: scaling)
    }

    /// The first Phi-3 files call longrope "su", and some "yarn".
    private static func canonical(_ type: String, _ family: ModelFamily) -> String {
        family == .phi3 && (type == "su" || type == "yarn") ? "longrope" : type
    }
}

extension RotaryScaling {
    fileprivate init(
        _ type: String, _ reader: inout ConfigReader, base: Double, width: Int,
        _ outside: RotaryConfig.Surroundings
    ) throws(ModelError) {
        func required(_ key: String) throws(ModelError) -> Double {
            guard let number = try reader.positive(key) else {
                throw .missingField(file: reader.file, key: reader.prefix + key)
            }
            return number
        }
        func originalLength() throws(ModelError) -> Int {
            let inside = try reader.count("original_max_position_embeddings")
            return outside.originalLength ?? inside ?? outside.maximumLength
        }
        let known = outside.family != .phi3 || type == "default" || type == "longrope"
        switch type {
        case "default" where known:
            self = .none
        case "linear" where known:
            self = .linear(factor: try required("factor"))
            // Says where training ended; the angles do not depend on it.
            reader.ignore(["original_max_position_embeddings"])
        case "dynamic" where known:
            guard width > 2 else {
                throw reader.contradiction(
                    ["rope_type", "head_dim"], "dynamic scaling needs more than 2 channels")
            }
            self = .dynamic(factor: try required("factor"), maximum: outside.maximumLength)
            reader.ignore(["original_max_position_embeddings"])
        case "llama3" where known:
            let low = try required("low_freq_factor")
            let high = try required("high_freq_factor")
            guard high > low else {
                throw reader.contradiction(
                    ["low_freq_factor", "high_freq_factor"], "the second must be larger")
            }
            self = .llama3(
                factor: try required("factor"), lowFactor: low, highFactor: high,
                original: try originalLength())
        case "yarn" where known:
            self = .yarn(try Yarn(&reader, original: try originalLength(), outside))
        case "longrope" where known:
            let original = try originalLength()
            let factor = try reader.positive("factor")
            let attention = try reader.positive("attention_factor")
            let short = try Self.divisors("short_factor", &reader, pairs: width / 2)
            let long = try Self.divisors("long_factor", &reader, pairs: width / 2)
            let stretch = factor ?? Double(outside.maximumLength) / Double(original)
            self = .long(
                short: short, long: long, original: original,
                attentionFactor: attention
                    ?? (stretch <= 1 ? 1 : sqrt(1 + log(stretch) / log(Double(original)))))
        default:
            throw reader.unsupported(reader.has("rope_type") ? "rope_type" : "type", .string(type))
        }
    }

    private static func divisors(
        _ key: String, _ reader: inout ConfigReader, pairs: Int
    ) throws(ModelError) -> [Double] {
        guard let values = try reader.numbers(key) else {
            throw .missingField(file: reader.file, key: reader.prefix + key)
        }
        guard values.count == pairs, values.allSatisfy({ $0 > 0 }) else {
            throw reader.contradiction(
                [key],
                "\(pairs) channel pairs rotate, so it must list \(pairs) numbers above 0, "
                    + "not \(values.count)")
        }
        return values
    }
}

extension RotaryScaling.Yarn {
    fileprivate init(
        _ reader: inout ConfigReader, original: Int, _ outside: RotaryConfig.Surroundings
    ) throws(ModelError) {
        func damping(_ scale: Double, _ weight: Double = 1) -> Double {
            scale <= 1 ? 1 : 0.1 * weight * log(scale) + 1
        }
        let factor =
            try reader.positive("factor")
            ?? Double(outside.maximumLength) / Double(original)
        let attention = try reader.positive("attention_factor")
        let inferred: Double
        if let weight = try reader.number("mscale"), weight != 0,
            let all = try reader.number("mscale_all_dim"), all != 0
        {
            inferred = damping(factor, weight) / damping(factor, all)
        } else {
            reader.ignore(["mscale", "mscale_all_dim"])
            inferred = damping(factor)
        }
        self.init(
            factor: factor, original: original, attentionFactor: attention ?? inferred,
            betaFast: try reader.positive("beta_fast") ?? 32,
            betaSlow: try reader.positive("beta_slow") ?? 1,
            truncate: try reader.flag("truncate") ?? true)
    }
}
