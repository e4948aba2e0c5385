import OrderedCollections

/// Lets only so many requests run at once, and begin only so many in a minute.
actor RequestPacer {
    private let concurrency: Int
    /// Between the beginnings of two requests; zero without a limit.
    private let interval: Duration
    private var running = 0
    private var waiting: OrderedDictionary<Int, CheckedContinuation<Void, Never>> = [:]
    private var nextTicket = 0
    private var nextStart = ContinuousClock.now

    /// - Parameters:
    ///   - concurrency: requests at once, at least 1.
    ///   - perMinute: requests begun in a minute; `nil`: any number.
    init(concurrency: Int, perMinute: Double?) {
        self.concurrency = concurrency
        interval = perMinute.map { .seconds(60 / $0) } ?? .zero
    }

    /// Runs `body` when its turn has come. Turns go in the order of arrival.
    func run<Value: Sendable>(
        _ body: @Sendable () async throws(ChatFailure) -> Value
    ) async throws(ChatFailure) -> Value {
        await enter()
        defer { leave() }
        if interval > .zero {
            let start = max(nextStart, .now)
            nextStart = start + interval
            // A cancelled wait begins at once; the request itself sees the cancellation.
            try? await Task.sleep(until: start)
        }
        return try await body()
    }

    private func enter() async {
        if running < concurrency {
            running += 1
            return
        }
        nextTicket += 1
        let ticket = nextTicket
        await withCheckedContinuation { waiting[ticket] = $0 }
    }

    /// Hands the place to who waits longest.
    private func leave() {
        if waiting.isEmpty {
            running -= 1
        } else {
            waiting.removeFirst().value.resume()
        }
    }
}
