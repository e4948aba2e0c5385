/// What a completion was drawn for.
public enum Phase: Int, Sendable, Hashable, CaseIterable {
    /// A training step.
    case training = 0
    /// A measurement of held-out rows.
    case evaluation = 1

    /// As commands and exports write it.
    public var name: String {
        switch self {
        case .training: "training"
        case .evaluation: "evaluation"
        }
    }
}
