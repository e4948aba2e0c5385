public import Torch

/// What decides whether an ``ActivationRecord`` can keep what a model's layers give.
///
/// A loaded model has these, and a recipe tells them before any model is loaded.
public struct RecordingConditions: Hashable, Sendable {
    /// Where the model computes.
    public var device: Device
    /// The compute type.
    public var dtype: DType
    /// How decode steps multiply.
    public var decodePrecision: DecodeStack.Precision
    /// Share of the adapter's inputs that are set to 0 in training; 0 without an adapter.
    public var adapterDropout: Double
    /// Whether every weight is kept as it is and not in fewer bits.
    public var isDense: Bool
    /// Whether the backward pass computes layers again.
    public var isRecomputed: Bool

    /// Why nothing can be kept.
    public enum Obstacle: Hashable, Sendable {
        /// What trains is another function than what writes.
        case adapterDropout
        /// The weights are kept in fewer bits.
        case quantizedWeights
        /// Completions are drawn with weights in fewer bits.
        case quantizedSampling
        /// The update computes layers again instead of keeping anything.
        case recomputation
        /// Only the CPU's decode steps keep rows.
        case device
        /// The processor has no decode steps of ours, or not in this compute type.
        case processor
    }

    /// - Parameters:
    ///   - device: Where the model computes.
    ///   - dtype: The compute type.
    ///   - decodePrecision: How decode steps multiply.
    ///   - adapterDropout: in 0 ..< 1.
    ///   - isDense: Whether every weight is kept as it is.
    ///   - isRecomputed: Whether the backward pass computes layers again.
    public init(
        device: Device, dtype: DType, decodePrecision: DecodeStack.Precision,
        adapterDropout: Double, isDense: Bool, isRecomputed: Bool
    ) {
        self.device = device
        self.dtype = dtype
        self.decodePrecision = decodePrecision
        self.adapterDropout = adapterDropout
        self.isDense = isDense
        self.isRecomputed = isRecomputed
    }

    init(of model: DecoderModel) {
        self.init(
            device: model.device, dtype: model.dtype, decodePrecision: model.decodePrecision,
            adapterDropout: model.adapterConfig?.dropout ?? 0,
            isDense: model.layers.allSatisfy { $0.linears.allSatisfy(\.matrix.isDense) },
            isRecomputed: model.recomputedBlock != nil)
    }

    /// Why nothing can be kept: what a recipe can change before what the machine lacks; nil where it can.
    public var obstacle: Obstacle? {
        if adapterDropout != 0 { return .adapterDropout }
        if !isDense { return .quantizedWeights }
        if decodePrecision != .exact { return .quantizedSampling }
        if isRecomputed { return .recomputation }
        if device != .cpu { return .device }
        return DecodeStack.supports(.exact, dtype: dtype, device: device) ? nil : .processor
    }
}
