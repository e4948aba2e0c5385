import HoneCore

/// Scores by the reward functions that are in force, and changes them between two steps.
///
/// What scores a step is a function of the run's history of changes, so a resumed run scores each step by
/// what scored it first. A change that is asked for while steps are made again waits until they are.
public actor VersionedGrader: Grader {
    private let archive: RewardArchive
    private let maker: any GraderMaker
    private var step = 0
    private var inForce: [VersionedReward]
    private var grader: any Grader
    private var next: Next?

    /// Functions that come into force with the next step.
    struct Next {
        /// Its first step is not known yet.
        var change: RewardChange
        var grader: any Grader
        /// Told the first step, once the change is durable.
        var applied: @Sendable (_ firstStep: Int) async -> Void
    }

    /// - Parameters:
    ///   - archive: the run's history.
    ///   - maker: makes graders of its versions.
    public init(archive: RewardArchive, maker: any GraderMaker) async throws {
        self.archive = archive
        self.maker = maker
        let latest = await archive.latest
        inForce = latest.inForce
        grader = try await maker.grader(
            of: latest.inForce, files: archive.files(of: latest.inForce), for: .training)
    }

    public func functions() async -> [FunctionInForce] {
        let versioned = await archive.functionsWithVersions(upTo: step)
        return inForce.map { function in
            FunctionInForce(
                function.function, weight: function.declaration.weight,
                version: versioned.contains(function.function) ? function.name : nil)
        }
    }

    public func grade(_ requests: [GradingRequest]) async throws -> [[Verdict]] {
        try await grader.grade(requests)
    }

    public func takeMetrics() async -> OrderedMetrics { await grader.takeMetrics() }

    /// Puts `next` in force with the step that begins next.
    func schedule(_ next: Next) { self.next = next }

    public func begin(step: Int) async throws -> RewardChange? {
        self.step = step
        if var next, await archive.latest.firstStep < step {
            next.change.firstStep = step
            try await archive.append(next.change)
            (inForce, grader) = (next.change.inForce, next.grader)
            self.next = nil
            await next.applied(step)
            return next.change
        }
        let due = await archive.change(at: step)
        if due.inForce != inForce {
            grader = try await maker.grader(
                of: due.inForce, files: archive.files(of: due.inForce), for: .training)
            inForce = due.inForce
        }
        return due.firstStep == step ? due : nil
    }
}
