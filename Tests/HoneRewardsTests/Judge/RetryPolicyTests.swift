import Foundation
import Testing

@testable import HoneRewards

@Suite struct RetryPolicyTests {
    /// Always draws the largest value.
    struct Highest: RandomNumberGenerator {
        mutating func next() -> UInt64 { .max }
    }

    @Test func waitsDoubleUpToTheLongest() {
        let policy = RetryPolicy(attempts: 9, firstWait: 0.5, longestWait: 3)
        var random = Highest()
        let waits = (1...5).map { policy.wait(after: $0, retryAfter: nil, using: &random) }
        #expect(zip(waits, [0.5, 1, 2, 3, 3]).allSatisfy { abs($0 - $1) < 1e-9 })
    }

    @Test func theServersWishIsTheLeast() {
        var random = Highest()
        let policy = RetryPolicy(firstWait: 0.5, longestWait: 3)
        #expect(policy.wait(after: 1, retryAfter: 7, using: &random) == 7)
    }

    @Test func retryAfterIsSecondsOrADate() throws {
        #expect(RetryAfter.seconds("12") == 12)
        #expect(RetryAfter.seconds("-3") == 0)
        #expect(RetryAfter.seconds("soon") == nil)
        // Thu, 01 Jan 1970 00:01:00 GMT is 60 seconds after the epoch.
        let seconds = RetryAfter.seconds(
            "Thu, 01 Jan 1970 00:01:00 GMT", now: Date(timeIntervalSince1970: 20))
        #expect(seconds == 40)
    }

    @Test(arguments: [
        (429, true), (500, true), (503, true), (408, true), (400, false), (401, false),
    ])
    func knowsWhatMayPass(_ status: Int, _ passes: Bool) {
        #expect(RetryPolicy.isTransient(status: status) == passes)
    }
}
