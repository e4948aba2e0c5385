/// A prompt and how many completions to draw for it.
public struct GenerationRequest: Sendable, Hashable {
    public var promptTokens: [Int32]
    /// The size of the group; its members share the prompt's computation.
    public var count: Int
    public var parameters: SamplingParameters
    /// Names the random numbers of this request: each draw is a function of (stream, member of the
    /// group, position), so it does not depend on what else is in the batch.
    public var stream: RandomStream
    public var purpose: Purpose

    /// What completions are drawn for.
    public enum Purpose: Sendable, Hashable {
        /// To be read.
        case answer
        /// To be learned from: what the model computes on the way may be kept for the update.
        case training
    }

    public init(
        promptTokens: [Int32], count: Int, parameters: SamplingParameters, stream: RandomStream,
        purpose: Purpose = .answer
    ) {
        self.promptTokens = promptTokens
        self.count = count
        self.parameters = parameters
        self.stream = stream
        self.purpose = purpose
    }
}

/// The coordinates that select a sequence of random numbers.
public struct RandomStream: Sendable, Hashable {
    public var seed: UInt64
    public var step: Int
    public var row: Int

    public init(seed: UInt64, step: Int = 0, row: Int = 0) {
        self.seed = seed
        self.step = step
        self.row = row
    }
}

/// Draws completions from a policy.
public protocol Sampler: Sendable {
    /// The completions of each request, in the order of the requests; the inner arrays have
    /// `request.count` members.
    func sample(_ requests: [GenerationRequest]) async throws -> [[Completion]]

    /// As ``sample(_:)``; and `finished` gets the place of each request with its completions as soon as
    /// they are all there, while others are still being drawn. Called once a request, in any order.
    func sample(
        _ requests: [GenerationRequest],
        finished: @escaping @Sendable (Int, [Completion]) -> Void
    ) async throws -> [[Completion]]
}

extension Sampler {
    /// Tells of all groups at the end, for samplers that know no better.
    public func sample(
        _ requests: [GenerationRequest],
        finished: @escaping @Sendable (Int, [Completion]) -> Void
    ) async throws -> [[Completion]] {
        let groups = try await sample(requests)
        for (place, group) in groups.enumerated() { finished(place, group) }
        return groups
    }
}
