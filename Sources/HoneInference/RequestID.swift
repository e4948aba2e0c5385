/// Names a request among those of one engine, in order of submission.
public struct RequestID: Hashable, Sendable, Comparable {
    public let number: Int

    public static func < (a: RequestID, b: RequestID) -> Bool { a.number < b.number }
}
