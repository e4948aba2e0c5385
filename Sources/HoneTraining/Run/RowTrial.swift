import HoneCore

/// Shows rows that a run will ask to its reward functions before it begins, so that a column that is
/// missing or unreadable in row 5,000 is known before step 1.
struct RowTrial {
    private let grader: any Grader
    /// Completions that the run draws for a row.
    private let group: Int
    /// What is shown with every row: a completion that the policy drew.
    private let completion: Rollout?
    private let end: ContinuousClock.Instant
    private let patience: Double

    private var functions: [Function]
    private var failures: [(row: Int, failure: GraderFailure)] = []
    private var seen: Set<Int> = []
    private var isComplete = true
    private(set) var problems: [String] = []
    private(set) var warnings: [String] = []

    /// A reward function and how it failed.
    private struct Function {
        let name: String
        var share: FailureShare
        var first: (row: Int, failure: GraderFailure)?
    }

    /// - Parameters:
    ///   - grader: holds `rewards`.
    ///   - rewards: the recipe's, with the share of failures at which each ends a run.
    ///   - group: completions that a run draws for a row.
    ///   - completion: shown with every row; `nil` for an empty one.
    ///   - patience: seconds after which the remaining rows are left alone.
    init(
        _ grader: any Grader, _ rewards: [RewardConfig], group: Int, completion: Rollout?,
        patience: Double
    ) {
        self.grader = grader
        self.group = group
        self.completion = completion
        self.patience = patience
        end = ContinuousClock.now + .seconds(patience)
        functions = rewards.map {
            Function(name: $0.name, share: FailureShare(limit: $0.maxFailureShare))
        }
    }

    /// Whether more rows should be shown.
    var goesOn: Bool { problems.isEmpty && isComplete }

    /// Shows the rows of `prompts` that were not shown before.
    ///
    /// - Parameter place: "step 12" or "an evaluation".
    /// - Returns: whether there were any.
    mutating func show(
        _ prompts: [EncodedPrompt], place: String, step: Int, epoch: Double
    ) async -> Bool {
        let fresh = prompts.filter { seen.insert($0.row.index).inserted }
        guard !fresh.isEmpty else { return false }
        if ContinuousClock.now > end {
            isComplete = false
            for prompt in fresh { seen.remove(prompt.row.index) }
            return true
        }
        let requests = fresh.map { prompt in
            GradingRequest(
                row: prompt.row, prompt: prompt.text, completions: [completion?.text ?? ""],
                tokenCounts: [completion?.completion.tokens.count ?? 0], step: step, epoch: epoch)
        }
        do {
            let verdicts = try await grader.grade(requests)
            for (prompt, verdict) in zip(fresh, verdicts.joined()) {
                note(verdict, of: prompt.row.index, place: place)
            }
        } catch {
            problems.append(await refusal(error, of: requests, place: place))
        }
        return true
    }

    /// A row that fails once fails for all completions of its group.
    private mutating func note(_ verdict: Verdict, of row: Int, place: String) {
        if let failure = verdict.failure ?? verdict.components.compactMap(\.failure).first {
            failures.append((row, failure))
        }
        for (index, component) in verdict.components.enumerated() where index < functions.count {
            if let failure = component.failure, functions[index].first == nil {
                functions[index].first = (row, failure)
            }
            functions[index].share.note(
                failed: Array(repeating: component.failure != nil, count: group))
            let (name, share) = (functions[index].name, functions[index].share)
            guard share.isReached, problems.isEmpty, let first = functions[index].first else {
                continue
            }
            problems.append(
                "the run would stop in \(place), at row \(row): reward function \(name) has then "
                    + "failed for \(share.failures) of the latest \(share.scored) completions, and "
                    + "its max_failure_share is \(share.limit); first for row \(first.row): "
                    + first.failure.message)
        }
    }

    /// What is said of an error that would end the run; the row is found by asking each alone.
    private func refusal(
        _ error: any Error, of requests: [GradingRequest], place: String
    ) async -> String {
        for request in requests {
            do {
                _ = try await grader.grade([request])
            } catch let failure as GraderFailure {
                return "the run would stop in \(place), at row \(request.row.index): \(failure) "
                    + "(on_error: stop)"
            } catch { break }
        }
        return "the run would stop in \(place): \(error)"
    }

    /// Says what the rows together showed.
    ///
    /// - Parameter rows: "training rows" or "held-out rows".
    mutating func finish(_ rows: String) {
        if !isComplete {
            warnings.append(
                "only \(seen.count) \(rows) were shown to the reward functions, which took "
                    + "\(Int(patience)) s; what fails for later ones is not known")
        }
        guard problems.isEmpty, let first = failures.first else { return }
        let message =
            "grading fails for \(failures.count) of \(seen.count) \(rows), first for row "
            + "\(first.row): \(first.failure)"
        if failures.count == seen.count {
            problems.append(message)
        } else {
            warnings.append(message)
        }
    }
}
