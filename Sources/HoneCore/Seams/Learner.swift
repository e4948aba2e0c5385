/// Improves a policy from scored samples.
public protocol Learner: Sendable {
    /// One optimiser step or several over `samples`; returns metrics by TRL's names.
    func update(_ samples: [TrainingSample]) async throws -> OrderedMetrics
}
