import Foundation
import HoneCore
import HoneInference
import HoneModels
import Torch

/// Owns the model, the engine and the optimiser: the line between values and tensors.
///
/// Everything that touches tensors runs on one thread, because libtorch keeps its gradient mode,
/// streams and thread team per thread. Values come in and go out; no tensor does. The engine and the
/// update use the same weights, so there is nothing to synchronise between them.
public actor PolicyHost {
    private let executor: DeviceExecutor
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    private var policy: Policy?

    public init() {
        executor = DeviceExecutor(name: "policy")
    }

    /// Makes the policy on the device's thread.
    public func load(_ make: @Sendable () throws -> sending Policy) throws {
        policy = try make()
    }

    /// Runs `body` with the policy on the device's thread.
    public func perform<Result: Sendable>(
        _ body: @Sendable (Policy) throws -> Result
    ) throws -> Result {
        try body(loaded)
    }

    private var loaded: Policy {
        guard let policy else { preconditionFailure("load(_:) comes before any use of the policy") }
        return policy
    }
}

extension PolicyHost: Sampler {
    public func sample(_ requests: [GenerationRequest]) throws -> [[Completion]] {
        try loaded.sample(requests)
    }

    public func sample(
        _ requests: [GenerationRequest],
        finished: @escaping @Sendable (Int, [Completion]) -> Void
    ) throws -> [[Completion]] {
        try loaded.sample(requests, finished: finished)
    }
}

extension PolicyHost: Learner {
    public func update(_ samples: [TrainingSample]) throws -> OrderedMetrics {
        try loaded.update(samples)
    }
}

extension PolicyHost: ExampleLearner {
    public func update(_ examples: [SupervisedExample]) throws -> OrderedMetrics {
        try loaded.update(examples)
    }
}

extension PolicyHost: PersistentPolicy {
    public func writeWeights(to folder: URL) throws { try loaded.writeWeights(to: folder) }
    public func writeTrainingState(to folder: URL) throws {
        try loaded.writeTrainingState(to: folder)
    }
}
