import Foundation

/// Acts at the moment something becomes true, from a thread of its own: the few threads that run the tests
/// may all be busy for seconds, in which a program that is watched would have ended by itself.
enum Lookout {
    /// Asks every two milliseconds whether `condition` holds, acts, and returns when that is done.
    /// - Parameter seconds: after which it acts all the same, so that a test ends.
    static func act(
        when condition: @escaping @Sendable () -> Bool, within seconds: Double = 120,
        _ action: @escaping @Sendable () -> Void
    ) async {
        await withCheckedContinuation { continuation in
            let thread = Thread {
                let deadline = ContinuousClock.now + .seconds(seconds)
                while !condition(), ContinuousClock.now < deadline {
                    Thread.sleep(forTimeInterval: 0.002)
                }
                action()
                continuation.resume()
            }
            thread.start()
        }
    }
}
