import GRDB

/// The statement that finds a page of completions without reading what is not on it.
///
/// It names its index, so what it costs does not depend on what SQLite guesses:
///
/// - one row of the dataset: the index of its prompt;
/// - failures: the index of failures, which holds nothing else;
/// - by reward or length: the index in that order, whose entries hold the other filters' values; but
///   where few of the run's completions lie in the steps asked for, those steps, sorted;
/// - by step: the steps in order, leaving out those whose range of rewards excludes them.
struct CompletionPlan {
    private(set) var sql: String
    private(set) var arguments: StatementArguments

    /// - Parameters:
    ///   - stepShare: the share of the phase's completions in the steps asked for, in [0, 1].
    ///   - prompts: identifiers of the prompts of the row asked for; nil for any row.
    init(
        _ query: CompletionQuery, run: Int64, prompts: [Int64]?, stepShare: Double
    ) {
        var source: String
        var conditions = ["c.run_id = ?", "c.phase = ?"]
        var arguments: StatementArguments = [run, query.phase.rawValue]
        func require(_ condition: String, _ values: StatementArguments) {
            conditions.append(condition)
            arguments += values
        }
        var step = "c.step"
        if let prompts {
            source = "completion c INDEXED BY completion_by_prompt"
            let list = prompts.map(String.init).joined(separator: ", ")
            conditions = ["c.prompt_id IN (\(list))", "c.run_id = ?", "c.phase = ?"]
        } else if query.failure != .anything {
            source = "completion c INDEXED BY completion_by_failure"
        } else if query.order == .reward, stepShare > Self.narrowShare {
            source = "completion c INDEXED BY completion_by_reward"
        } else if query.order == .length, stepShare > Self.narrowShare {
            source = "completion c INDEXED BY completion_by_length"
        } else {
            source = """
                step s CROSS JOIN completion c \
                ON c.run_id = s.run_id AND c.phase = s.phase AND c.step = s.step
                """
            conditions = ["s.run_id = ?", "s.phase = ?"]
            step = "s.step"
            if let least = query.leastReward { require("s.max_reward >= ?", [least]) }
            if let most = query.mostReward { require("s.min_reward <= ?", [most]) }
        }
        switch query.failure {
        case .anything: break
        case .failed: conditions.append("c.failure IS NOT NULL")
        case .kind(let kind):
            conditions.append("c.failure IS NOT NULL")
            require("c.failure = ?", [kind])
        }
        if let first = query.firstStep { require("\(step) >= ?", [first]) }
        if let last = query.lastStep { require("\(step) <= ?", [last]) }
        if let least = query.leastReward { require("c.reward >= ?", [least]) }
        if let most = query.mostReward { require("c.reward <= ?", [most]) }
        let value: String
        switch query.order {
        case .step: value = "NULL"
        case .reward:
            value = "c.reward"
            conditions.append("c.reward IS NOT NULL")
        case .length: value = "c.tokens"
        }
        let comparison = query.direction == .ascending ? ">" : "<"
        if let after = query.after {
            if let former = after.value, query.order != .step {
                require(
                    "(\(value), \(step), c.ordinal) \(comparison) (?, ?, ?)",
                    [former, after.step, after.ordinal])
            } else {
                // The bound on the step lets the search begin there.
                require("\(step) \(comparison)= ?", [after.step])
                require(
                    "(\(step), c.ordinal) \(comparison) (?, ?)", [after.step, after.ordinal])
            }
        }
        let suffix = query.direction == .ascending ? "" : " DESC"
        let keys = (query.order == .step ? [] : [value]) + [step, "c.ordinal"]
        sql = """
            SELECT \(value) AS value, c.step AS step, c.ordinal AS ordinal FROM \(source) \
            WHERE \(conditions.joined(separator: " AND ")) \
            ORDER BY \(keys.map { $0 + suffix }.joined(separator: ", ")) LIMIT ?
            """
        arguments += [query.limit]
        self.arguments = arguments
    }

    /// Up to this share of the completions, reading and sorting them costs less than going through an
    /// index of all in the order asked for and leaving out nearly every entry.
    private static let narrowShare = 0.125
}
