import Foundation
import HoneCore
import HoneModels
import Torch

extension TrainingConfig {
    /// Keys that ask for something which this recipe or this machine rules out, each with why: worth a warning.
    /// What no machine could do is an error of the recipe already (``checks``).
    var keysWithoutEffect: [String] {
        guard case .upTo(let bytes) = memory.activationReuse, let reason = nothingIsReusedBecause
        else { return [] }
        return ["memory.activation_reuse: \(bytes.bytes) bytes have no effect: \(reason)"]
    }

    /// An adapter that is read has the dropout of its own file; one that cannot be read is told by itself.
    private var adapterDropout: Double {
        guard let path = lora?.path else { return lora?.dropout ?? 0 }
        return (try? AdapterFile.settings(of: URL(filePath: path)).dropout) ?? 0
    }

    private var nothingIsReusedBecause: String? {
        guard method == .grpo else {
            return "method sft draws no completions from which anything could be taken over"
        }
        // A device that is absent is told by itself.
        guard let device = try? Device(self.device) else { return nil }
        let conditions = RecordingConditions(
            device: device, dtype: DType(dtype, on: device),
            decodePrecision: DecodeStack.Precision(sampling.quantization),
            adapterDropout: adapterDropout,
            isDense: quantization == .none,
            isRecomputed: memory.gradientCheckpointing != .off)
        switch conditions.obstacle {
        case .adapterDropout:
            let place = lora?.path.map { "the lora_dropout of \($0)/adapter_config.json" }
            return
                "with \(place ?? "lora.dropout") the update computes another function than the "
                + "sampler; set it to 0"
        case .quantizedWeights:
            return "nothing is kept of weights in four bits (quantization)"
        case .quantizedSampling:
            return "the sampler multiplies with other weights than the update "
                + "(sampling.quantization)"
        case .recomputation:
            return "memory.gradient_checkpointing computes every layer again; keep one of the two"
        case .device:
            return "it is only for the CPU, and this recipe runs on \(device)"
        case .processor:
            return "it needs Hone's own matrix products, which this processor does not get (hone "
                + "doctor says why)"
        case nil: return nil
        }
    }
}
