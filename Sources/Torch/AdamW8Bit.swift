import CTorch

/// ``AdamW`` whose moments take one byte each.
///
/// Every 256 consecutive numbers share an f32 scale, their largest size; each is kept as one of 256
/// numbers in [-1, 1] (or [0, 1]) that lie denser near zero, the dynamic tree code. The code resolves
/// seven powers of ten; a number that survives coding is off by at most the gap between two codes:
/// 0.014 of the block's largest for the first moment, 0.007 for the second's root, less for small ones.
///
/// - Source: Dettmers et al. 2022, arXiv 2110.02861; bitsandbytes, `create_dynamic_map`,
///   `AdamW8bit` (block 256; parameters below 4096 numbers keep f32 moments).
///
/// Two differences. Kept is the root of the second moment, which is what the update divides by, so
/// its range in the second moment is fourteen powers of ten, and one that is not 0 never becomes 0.
/// And a number is rounded to one of its two neighbours with chances that make it right on average
/// (a hash of step, parameter and place decides, so that a resumed run repeats it): rounding to the
/// nearest would lose every change smaller than half a gap, and with β₂ = 0.999 nearly all are. As in
/// ``AdamW``, a parameter of half precision has an f32 copy. The state holds `NAME.exp_avg`,
/// `NAME.exp_avg_scale`, `NAME.exp_avg_sq_root` and `NAME.exp_avg_sq_root_scale`.
public final class AdamW8Bit: Optimizer {
    /// Parameters with fewer numbers keep moments in f32: there is little to save.
    public static let smallestCoded = 4096

    public var options: AdamW.Options
    private let slots: OptimizerSlots<Moments>

    /// - Parameter parameters: float leaves; names must differ, for the state's sake.
    /// - Parameter options: Rates and decay.
    public init(
        _ parameters: [(name: String, tensor: Tensor, decay: WeightDecay)],
        options: AdamW.Options
    ) {
        self.options = options
        slots = OptimizerSlots(parameters)
    }

    public var parameters: [Tensor] { slots.parameters }
    public var learningRate: Double {
        get { options.learningRate }
        set { options.learningRate = newValue }
    }

    public func step() throws(TorchError) {
        try slots.forEach { slot, gradient, moments throws(TorchError) in
            switch moments {
            case .full(let full): try full.step(slot, gradient, options)
            case .coded(let coded): try coded.step(slot, gradient, options)
            }
        }
    }

    public func state() throws(TorchError) -> [(name: String, tensor: Tensor)] {
        try slots.saved()
    }

    public func loadState(_ tensor: (String) throws -> Tensor?) throws {
        try slots.load(tensor)
    }

    enum Moments: OptimizerState {
        case full(AdamW.Moments)
        case coded(CodedMoments)

        init(for parameter: Tensor) throws(TorchError) {
            self =
                parameter.count < AdamW8Bit.smallestCoded
                ? .full(try AdamW.Moments(for: parameter))
                : .coded(try CodedMoments(for: parameter))
        }

        var parts: [(name: String, tensor: Tensor)] {
            switch self {
            case .full(let full): full.parts
            case .coded(let coded): coded.parts
            }
        }
    }
}

/// Both moments of one parameter in 8 bits.
struct CodedMoments: OptimizerState {
    let first: CodedNumbers
    let secondRoot: CodedNumbers

    init(for parameter: Tensor) throws(TorchError) {
        first = try CodedNumbers(like: parameter)
        secondRoot = try CodedNumbers(like: parameter)
    }

    var parts: [(name: String, tensor: Tensor)] {
        [
            ("exp_avg", first.codes), ("exp_avg_scale", first.scales),
            ("exp_avg_sq_root", secondRoot.codes), ("exp_avg_sq_root_scale", secondRoot.scales),
        ]
    }

    func step(
        _ slot: OptimizerSlot, _ gradient: Tensor, _ options: AdamW.Options,
        _ way: AdamWWay = .kernel
    ) throws(TorchError) {
        var update = ct_adamw_update(options, slot)
        let mixed = UInt64(slot.step) &* 0x9E37_79B9 &+ UInt64(slot.ordinal) &* 0x85EB_CA6B
        var state = ct_adamw_8bit_state(
            first_codes: first.codes.handle, first_scales: first.scales.handle,
            second_codes: secondRoot.codes.handle, second_scales: secondRoot.scales.handle,
            seed: UInt32(truncatingIfNeeded: mixed))
        let (weight, pull, master) = (slot.parameter.handle, gradient.handle, slot.master?.handle)
        let done =
            switch way {
            case .kernel: ct_adamw_8bit_step(weight, pull, &state, master, &update)
            case .operators: ct_adamw_8bit_step_plain(weight, pull, &state, master, &update)
            }
        try check(done, "AdamW8Bit.step", [slot.parameter, gradient])
    }
}

/// Numbers of a state in 8 bits, in blocks of 256 with an f32 scale each.
public struct CodedNumbers {
    /// Which numbers can occur.
    public enum Sign: Hashable, Sendable { case signed, unsigned }

    /// [n] uint8, places in ``code(_:)``.
    let codes: Tensor
    /// [⌈n / 256⌉] f32.
    let scales: Tensor

    init(like parameter: Tensor) throws(TorchError) {
        let count = parameter.count
        let block = Int(CT_STATE_BLOCK)
        // With a scale of 0 every code stands for 0.
        codes = try Tensor.zeros([count], dtype: .uint8, device: parameter.device)
        scales = try Tensor.zeros([(count + block - 1) / block], device: parameter.device)
    }

    /// The 256 numbers, ascending, that codes stand for: 0, 1 and, for each power of ten from 1e-6
    /// to 1, the middles of equal parts of [0.1, 1]; with a sign, half as many on either side.
    public static func code(_ sign: Sign) -> [Float] {
        var values = [Float](repeating: 0, count: 256)
        ct_dynamic_code(sign == .signed, &values)
        return values
    }
}
