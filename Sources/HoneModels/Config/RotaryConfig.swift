import Foundation

/// How positions turn into rotation angles.
///
/// Pair i of the first `width` channels of a head turns by position · frequency(i), with
/// frequency(i) = base^(-2i / width) before scaling (Su et al. 2021, "RoFormer").
public struct RotaryConfig: Sendable, Hashable {
    /// The wavelength base, `rope_theta`.
    public var base: Double
    /// How many channels of each head rotate; the others pass. Even.
    public var width: Int
    public var scaling: RotaryScaling

    public init(base: Double, width: Int, scaling: RotaryScaling = .none) {
        self.base = base
        self.width = width
        self.scaling = scaling
    }
}

/// How a context longer than the trained one is fitted into the trained angles.
public enum RotaryScaling: Sendable, Hashable {
    case none
    /// All frequencies divided by `factor`.
    case linear(factor: Double)
    /// The base grows with the length of the input once that passes `maximum` tokens ("NTK").
    case dynamic(factor: Double, maximum: Int)
    /// Llama 3.1: long wavelengths divided by `factor`, short ones kept, a smooth passage between.
    case llama3(factor: Double, lowFactor: Double, highFactor: Double, original: Int)
    /// YaRN (Peng et al. 2023, arXiv 2309.00071); angles and attention scaled.
    case yarn(Yarn)
    /// LongRoPE (Ding et al. 2024, arXiv 2402.13753): one divisor for each pair, one set for inputs
    /// up to `original` tokens and one for longer ones; cosine and sine times `attentionFactor`.
    case long(short: [Double], long: [Double], original: Int, attentionFactor: Double)

    public struct Yarn: Sendable, Hashable {
        public var factor: Double
        public var original: Int
        public var attentionFactor: Double
        public var betaFast: Double
        public var betaSlow: Double
        /// Whether the ramp's ends are rounded outwards to whole pairs.
        public var truncate: Bool
    }
}

extension RotaryConfig {
    /// Whether the angles depend on how long the input is.
    public var dependsOnLength: Bool {
        switch scaling {
        case .dynamic, .long: true
        case .none, .linear, .llama3, .yarn: false
        }
    }

    /// What cosine and sine are multiplied with.
    public var attentionFactor: Double {
        switch scaling {
        case .yarn(let yarn): yarn.attentionFactor
        case .long(_, _, _, let factor): factor
        case .none, .linear, .dynamic, .llama3: 1
        }
    }

    /// The angle per position of each pair, `width / 2` values, radians.
    ///
    /// - Parameter length: tokens in the longest sequence of the input; only ``dependsOnLength``
    ///   scalings look at it.
    /// - Source: transformers, `modeling_rope_utils.py`; there in float32, here in float64.
    public func frequencies(length: Int) -> [Double] {
        let plain = wavelengths(base: base).map { 1 / $0 }
        switch scaling {
        case .none:
            return plain
        case .linear(let factor):
            return plain.map { $0 / factor }
        case .dynamic(let factor, let maximum):
            let stretch = factor * Double(max(length, maximum)) / Double(maximum) - (factor - 1)
            let exponent = Double(width) / Double(width - 2)
            return wavelengths(base: base * pow(stretch, exponent)).map { 1 / $0 }
        case .llama3(let factor, let low, let high, let original):
            return plain.map { frequency in
                let wavelength = 2 * Double.pi / frequency
                if wavelength < Double(original) / high { return frequency }
                if wavelength > Double(original) / low { return frequency / factor }
                let smooth = (Double(original) / wavelength - low) / (high - low)
                return (1 - smooth) * frequency / factor + smooth * frequency
            }
        case .yarn(let yarn):
            return frequencies(plain: plain, yarn: yarn)
        case .long(let short, let long, let original, _):
            let divisors = length > original ? long : short
            return zip(plain, divisors).map { $0 / $1 }
        }
    }

    /// base^(2i / width) for each pair.
    private func wavelengths(base: Double) -> [Double] {
        stride(from: 0, to: width, by: 2).map { pow(base, Double($0) / Double(width)) }
    }

    private func frequencies(plain: [Double], yarn: RotaryScaling.Yarn) -> [Double] {
        /// The (fractional) pair that turns `rotations` times over the original context.
        func pair(rotations: Double) -> Double {
            Double(width) * log(Double(yarn.original) / (rotations * 2 * .pi)) / (2 * log(base))
        }
        var low = pair(rotations: yarn.betaFast)
        var high = pair(rotations: yarn.betaSlow)
        if yarn.truncate {
            low = low.rounded(.down)
            high = high.rounded(.up)
        }
        low = max(low, 0)
        high = min(high, Double(width - 1))
        if low == high { high += 0.001 }
        return plain.enumerated().map { index, frequency in
            let ramp = min(max((Double(index) - low) / (high - low), 0), 1)
            return frequency / yarn.factor * ramp + frequency * (1 - ramp)
        }
    }
}
