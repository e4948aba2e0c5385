import HoneCore
import HoneModels
import Torch

// What the words of a recipe mean to those who compute.

extension Device {
    /// The device a recipe asks for; `auto` takes a GPU if there is one.
    /// - Throws: ``DeviceUnavailable`` for one that is not there.
    public init(_ choice: DeviceChoice) throws(DeviceUnavailable) {
        switch choice {
        case .automatic:
            self = Torch.isCUDAAvailable ? .cuda(0) : .cpu
        case .cpu: self = .cpu
        case .cuda(let number): self = .cuda(number)
        case .mps: self = .mps
        }
        guard isAvailable else { throw DeviceUnavailable(device: self) }
    }
}

extension DType {
    /// The compute type a recipe asks for; `auto` takes bf16 where the processor or GPU is fast at it.
    init(_ choice: DTypeChoice, on device: Device) {
        switch choice {
        case .float32: self = .float32
        case .bfloat16: self = .bfloat16
        case .automatic:
            let isFast =
                device != .cpu || CPUFeature.amxBF16.isPresent || CPUFeature.avx512BF16.isPresent
            self = isFast ? .bfloat16 : .float32
        }
    }
}

extension BaseQuantization {
    init(_ config: TrainingConfig.Quantization) {
        self =
            switch config {
            case .none: .none
            case .nf4: .nf4
            }
    }
}

extension DecodeStack.Precision {
    init(_ config: SamplingConfig.RolloutQuantization) {
        self =
            switch config {
            case .none: .exact
            case .int8: .int8
            }
    }
}

extension LoRAConfig {
    init(_ config: AdapterConfig) {
        let targets: Targets =
            switch config.targetModules {
            case .allLinear: .allLinear
            case .named(let names): .names(names)
            }
        self.init(
            rank: config.rank, alpha: config.alpha, dropout: config.dropout, targets: targets,
            scaling: config.useRSLoRA ? .rankStabilized : .standard)
    }
}
