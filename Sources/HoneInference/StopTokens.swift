public import HoneCore

/// Ends a completion with one of some tokens, besides the engine's own end tokens.
public struct StopTokens: StopCondition {
    public var tokens: Set<Int32>

    public init(_ tokens: Set<Int32>) { self.tokens = tokens }

    public func makeMatcher() -> any StopMatcher { Matcher(tokens: tokens) }

    private struct Matcher: StopMatcher {
        let tokens: Set<Int32>

        func consume(_ token: Int32) -> Bool { tokens.contains(token) }
    }
}
