import Foundation

/// A policy whose state can be written down, to be taken up again or used elsewhere.
public protocol PersistentPolicy: Sendable {
    /// Writes the weights into `folder` in the format others read: a PEFT adapter, or a full model.
    func writeWeights(to folder: URL) async throws
    /// Writes what else is needed to continue exactly: the optimiser and counters.
    func writeTrainingState(to folder: URL) async throws
}

/// Turns token ids into text.
public protocol TextDecoding: Sendable {
    /// The text of `tokens` without special tokens.
    func text(of tokens: [Int32]) -> String
}

/// Something besides the policy whose state a checkpoint keeps, so that a resumed run goes on exactly.
public protocol CheckpointPart: Sendable {
    /// Names the state's file within a checkpoint: `NAME.json`. Unique within a run.
    var checkpointName: String { get }
    /// The state as it stands between two steps.
    func checkpointState() async throws -> JSONValue
    /// Takes up what ``checkpointState()`` gave.
    func restore(from state: JSONValue) async throws
}
