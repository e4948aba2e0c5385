import GRDB

/// What the steps that a query admits hold, as far as the table of steps tells: few rows where
/// completions are many.
struct StepOutline {
    /// Completions of the steps that can hold what is asked for, beside those of the whole phase, in
    /// [0, 1].
    var share: Double
    /// The total rewards in these steps; nil when they have none.
    var rewards: ClosedRange<Double>?
    /// Lengths in tokens in these steps; nil when they hold no completions.
    var tokens: ClosedRange<Int>?

    init(_ query: CompletionQuery, run: Int64, _ db: Database) throws {
        let all = try Int.fetchOne(
            db, sql: "SELECT sum(completions) FROM step WHERE run_id = ? AND phase = ?",
            arguments: [run, query.phase.rawValue])
        var conditions = ["run_id = ?", "phase = ?", "step BETWEEN ? AND ?"]
        var arguments: StatementArguments = [
            run, query.phase.rawValue, query.firstStep ?? .min, query.lastStep ?? .max,
        ]
        if let least = query.leastReward {
            conditions.append("max_reward >= ?")
            arguments += [least]
        }
        if let most = query.mostReward {
            conditions.append("min_reward <= ?")
            arguments += [most]
        }
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT sum(completions) AS count, min(min_reward) AS low, max(max_reward) AS high,
                  min(min_tokens) AS short, max(max_tokens) AS long
                FROM step WHERE \(conditions.joined(separator: " AND "))
                """, arguments: arguments)
        share = Double(row?["count"] as Int? ?? 0) / Double(max(all ?? 0, 1))
        if let low: Double = row?["low"], let high: Double = row?["high"] {
            rewards = low...high
        }
        if let short: Int = row?["short"], let long: Int = row?["long"] { tokens = short...long }
    }
}
