/// Turns texts into vectors whose directions say what they are about.
public protocol TextEmbedder: Sendable {
    /// A vector for each text, all of the same length; not normalised.
    func embeddings(of texts: [String]) async throws -> [[Float]]
}

/// The model that a run began with, which reward functions may ask: the policy without its adapter, or a
/// frozen copy of its first weights.
public protocol ReferenceModel: TextEmbedder {
    /// For each question, the log-probability in nats of each token of its text after all before it, at
    /// temperature 1. A text whose first token has nothing before it has that token left out.
    func logProbabilities(of questions: [ReferenceQuestion]) async throws -> [[Float]]
}

/// A text to be found probable or not.
public struct ReferenceQuestion: Sendable, Hashable {
    /// What stands before it, special tokens of the chat template included; empty for nothing.
    public var context: String
    public var text: String

    public init(context: String = "", text: String) {
        self.context = context
        self.text = text
    }
}

/// A reference model that comes later: reward functions are made before the model is loaded.
///
/// Questions wait until ``supply(_:)`` or ``keepNone()``.
public actor ReferenceSlot: ReferenceModel {
    private enum State {
        case awaited([CheckedContinuation<Void, Never>])
        case supplied(any ReferenceModel)
        case none
    }

    private var state = State.awaited([])
    /// Whether a reward function will ask.
    public private(set) var isNeeded = false

    public init() {}

    /// Says that a reward function will ask, so that the model's first weights must be kept.
    public func expectQuestions() { isNeeded = true }

    /// Answers what waits and what comes by `model`.
    public func supply(_ model: any ReferenceModel) { settle(.supplied(model)) }

    /// Refuses what waits and what comes: nobody had said that there would be questions.
    public func keepNone() { settle(.none) }

    public func embeddings(of texts: [String]) async throws -> [[Float]] {
        try await supplied().embeddings(of: texts)
    }

    public func logProbabilities(of questions: [ReferenceQuestion]) async throws -> [[Float]] {
        try await supplied().logProbabilities(of: questions)
    }

    private func settle(_ new: State) {
        let before = state
        state = new
        if case .awaited(let waiting) = before { for waiter in waiting { waiter.resume() } }
    }

    private func supplied() async throws -> any ReferenceModel {
        if case .awaited(var waiting) = state {
            await withCheckedContinuation { continuation in
                waiting.append(continuation)
                state = .awaited(waiting)
            }
        }
        guard case .supplied(let model) = state else { throw ReferenceNotKept() }
        return model
    }
}

/// A question about weights that are gone.
public struct ReferenceNotKept: Error, Sendable, Hashable, CustomStringConvertible {
    public init() {}

    public var description: String {
        "this run trains every weight and has kept no copy of the first ones, because no reward function "
            + "asked for them when it began; start it again with that function"
    }
}
