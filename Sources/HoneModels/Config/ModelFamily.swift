/// Which published line of models a configuration belongs to.
public enum ModelFamily: String, Sendable, Hashable, CaseIterable {
    /// Llama 2 to 3.2 and what copies them (SmolLM, TinyLlama).
    case llama
    case mistral
    /// Qwen 2 and 2.5.
    case qwen2
    case qwen3
    /// Phi-3, Phi-3.5 and Phi-4.
    case phi3
    case gemma2
    /// The text part of Gemma 3.
    case gemma3

    /// The family that `model_type` names, and whether its text part sits in `text_config`.
    init?(modelType: String) {
        switch modelType {
        case "gemma3", "gemma3_text": self = .gemma3
        default:
            guard let family = Self(rawValue: modelType) else { return nil }
            self = family
        }
    }

    /// Every `model_type` that is accepted.
    static let publishedNames = allCases.map(\.rawValue) + ["gemma3_text"]

    /// Whether this is one of Google's, which differ in norms, scaling and activation.
    var isGemma: Bool { self == .gemma2 || self == .gemma3 }
}
