import GRDB

/// The statement that finds a page of completions without reading what is not on it.
///
/// It names its index, so what it costs does not depend on what SQLite guesses:
///
/// - one row of the dataset: the index of its prompt;
/// - failures: the index of failures, which holds nothing else;
/// - by reward or length: the index in that order, whose entries hold the other filters' values; but
///   where few of the run's completions lie in the steps that can hold what is asked for, those
///   steps, sorted;
/// - by step: the steps in order, leaving out those whose range of rewards excludes them.
struct CompletionPlan {
    private(set) var sql: String
    private(set) var arguments: StatementArguments

    /// - Parameters:
    ///   - query: what is asked for.
    ///   - run: of which run.
    ///   - outline: of the steps that can hold it.
    ///   - prompts: identifiers of the prompts of the row asked for; nil for any row.
    init(
        _ query: CompletionQuery, run: Int64, prompts: [Int64]?, outline: StepOutline
    ) {
        var source: String
        var conditions = ["c.run_id = ?", "c.phase = ?"]
        var arguments: StatementArguments = [run, query.phase.rawValue]
        func require(_ condition: String, _ values: StatementArguments) {
            conditions.append(condition)
            arguments += values
        }
        // The columns in conditions. Behind a plus sign a column is no reason to take another index.
        var (step, reward, tokens) = ("c.step", "c.reward", "c.tokens")
        if let prompts {
            source = "completion c INDEXED BY completion_by_prompt"
            let list = prompts.map(String.init).joined(separator: ", ")
            conditions = ["c.prompt_id IN (\(list))", "c.run_id = ?", "c.phase = ?"]
        } else if query.failure != .anything {
            source = "completion c INDEXED BY completion_by_failure"
        } else if query.order == .reward, outline.share > Self.narrowShare {
            source = "completion c INDEXED BY completion_by_reward"
            // What lies before the values of these steps in the order need not be looked at.
            if let range = outline.rewards {
                require("c.reward BETWEEN ? AND ?", [range.lowerBound, range.upperBound])
            }
        } else if query.order == .length, outline.share > Self.narrowShare {
            source = "completion c INDEXED BY completion_by_length"
            if let range = outline.tokens {
                require("c.tokens BETWEEN ? AND ?", [range.lowerBound, range.upperBound])
            }
        } else {
            // The plus sign keeps bounds on the step from being carried over to the inner table, where
            // SQLite would prefer them to the step itself.
            source = """
                step s CROSS JOIN completion c \
                ON c.run_id = s.run_id AND c.phase = s.phase AND c.step = +s.step
                """
            conditions = ["s.run_id = ?", "s.phase = ?"]
            (step, reward, tokens) = ("s.step", "+c.reward", "+c.tokens")
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
        if let least = query.leastReward { require("\(reward) >= ?", [least]) }
        if let most = query.mostReward { require("\(reward) <= ?", [most]) }
        let value: String
        switch query.order {
        case .step: value = "NULL"
        case .reward:
            value = reward
            conditions.append("\(reward) IS NOT NULL")
        case .length: value = tokens
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
