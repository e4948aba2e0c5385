import HoneCore

/// Stops a run whose reward function fails too often to teach anything.
///
/// The share is taken over the latest ``window`` completions, once ``least`` have been scored.
actor FailureWatch {
    private let names: [String]
    private let limits: [Double]
    /// For each function, whether each of the latest completions failed.
    private var recent: [[Bool]]
    private var lastFailures: [GraderFailure?]

    static let window = 256
    static let least = 64

    /// - Parameters:
    ///   - names: of the functions.
    ///   - limits: for each function, the share of failures at which the run stops, in (0, 1].
    init(names: [String], limits: [Double]) {
        self.names = names
        self.limits = limits
        recent = names.map { _ in [] }
        lastFailures = names.map { _ in nil }
    }

    /// Takes note of assessments: for each request, for each function, one per completion.
    /// - Throws: ``RewardError/tooManyFailures(function:failures:scored:limit:last:)``.
    func note(_ assessments: [[[Assessment]]]) throws(RewardError) {
        for index in names.indices {
            for group in assessments {
                for assessment in group[index] {
                    if case .failed(let failure) = assessment.score {
                        recent[index].append(true)
                        lastFailures[index] = failure
                    } else {
                        recent[index].append(false)
                    }
                }
            }
            recent[index].removeFirst(max(0, recent[index].count - Self.window))
            let (failures, scored) = (recent[index].count { $0 }, recent[index].count)
            guard let last = lastFailures[index], scored >= Self.least,
                Double(failures) >= limits[index] * Double(scored)
            else { continue }
            throw .tooManyFailures(
                function: names[index], failures: failures, scored: scored, limit: limits[index],
                last: last)
        }
    }
}
