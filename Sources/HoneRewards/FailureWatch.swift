import HoneCore

/// Stops a run whose reward function fails too often to teach anything, by ``FailureShare``.
actor FailureWatch {
    private let names: [String]
    private var shares: [FailureShare]
    private var lastFailures: [GraderFailure?]

    /// - Parameters:
    ///   - names: of the functions.
    ///   - limits: for each function, the share of failures at which the run stops, in (0, 1].
    init(names: [String], limits: [Double]) {
        self.names = names
        shares = limits.map(FailureShare.init)
        lastFailures = names.map { _ in nil }
    }

    /// Takes note of assessments: for each request, for each function, one per completion.
    /// - Throws: ``RewardError/tooManyFailures(function:failures:scored:limit:last:)``.
    func note(_ assessments: [[[Assessment]]]) throws(RewardError) {
        for index in names.indices {
            var failed: [Bool] = []
            for group in assessments {
                for assessment in group[index] {
                    guard case .failed(let failure) = assessment.score else {
                        failed.append(false)
                        continue
                    }
                    failed.append(true)
                    lastFailures[index] = failure
                }
            }
            shares[index].note(failed: failed)
            guard let last = lastFailures[index], shares[index].isReached else { continue }
            throw .tooManyFailures(
                function: names[index], failures: shares[index].failures,
                scored: shares[index].scored, limit: shares[index].limit, last: last)
        }
    }
}
