/// Something besides end tokens that ends a completion, such as a string in its text.
///
/// Generation knows token ids only; whoever knows the text supplies this.
public protocol StopCondition: Sendable {
    /// A matcher for one completion, from its first token on.
    func makeMatcher() -> any StopMatcher
}

/// Follows one completion.
public protocol StopMatcher {
    /// Whether the completion ends with `token`, which stays part of it.
    mutating func consume(_ token: Int32) -> Bool
}
