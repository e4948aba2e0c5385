/// When a failed request is made again, and how long to wait before.
///
/// wait = uniform(0, min(longest, first · 2ⁿ⁻¹)) after the n-th failure, and never less than the
/// server's `Retry-After`. Spread over the whole interval ("full jitter"), so that many clients that
/// failed together do not come back together.
///
/// Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
public struct RetryPolicy: Sendable, Hashable {
    /// Tries in all, from 1.
    public var attempts: Int
    /// Seconds.
    public var firstWait: Double
    /// Seconds. A longer `Retry-After` is honoured all the same.
    public var longestWait: Double

    public init(attempts: Int = 5, firstWait: Double = 0.5, longestWait: Double = 30) {
        self.attempts = attempts
        self.firstWait = firstWait
        self.longestWait = longestWait
    }

    /// Statuses after which the same request may succeed.
    public static func isTransient(status: Int) -> Bool {
        status == 408 || status == 409 || status == 425 || status == 429 || status >= 500
    }

    /// Seconds to wait after the `failure`-th failure in a row, from 1.
    /// - Parameters:
    ///   - failure: how many tries have failed.
    ///   - retryAfter: seconds that the server asked for.
    ///   - random: decides the jitter.
    func wait(
        after failure: Int, retryAfter: Double?, using random: inout some RandomNumberGenerator
    ) -> Double {
        var ceiling = firstWait
        for _ in 1..<max(failure, 1) where ceiling < longestWait { ceiling *= 2 }
        let jittered = Double.random(in: 0...min(ceiling, longestWait), using: &random)
        return max(jittered, retryAfter ?? 0)
    }
}
