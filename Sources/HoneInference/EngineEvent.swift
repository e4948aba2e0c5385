public import HoneCore

/// What a step of the engine brought.
public enum EngineEvent: Sendable, Hashable {
    /// A member of a group grew by one token.
    case token(
        request: RequestID, member: Int, token: Int32, logProbability: Float,
        rawLogProbability: Float)
    /// A member is done; no further event names it.
    case finished(request: RequestID, member: Int, completion: Completion)
}
