import GRDB

/// The tables of the store, as a list of named changes to which later versions only append.
///
/// What decides their form: a run may hold a million completions. So the text of a step's completions
/// lies in compressed chunks; a completion's own row holds what lists are filtered and sorted by,
/// clustered by step; each order has an index that covers its filters; and every step keeps the range
/// of its rewards and lengths, so that a rare reward is found without looking at every completion.
enum Schema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 runs, metrics, completions") { db in
            for statement in first { try db.execute(sql: statement) }
        }
        migrator.registerMigration("2 changes of reward functions") { db in
            try db.execute(sql: rewardChange)
        }
        migrator.registerMigration("3 trials of reward functions, rewards of evaluations") { db in
            for statement in trials { try db.execute(sql: statement) }
        }
        return migrator
    }

    /// Times are seconds since 1970. `phase` is ``Phase``'s number.
    private static let first = [
        """
        CREATE TABLE run (
          id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, title TEXT NOT NULL,
          method TEXT NOT NULL, model TEXT NOT NULL, folder TEXT NOT NULL, state TEXT NOT NULL,
          process TEXT, total_steps INTEGER NOT NULL, step INTEGER NOT NULL,
          started_at REAL NOT NULL, updated_at REAL NOT NULL, message TEXT, output TEXT,
          facts TEXT NOT NULL, recipe TEXT NOT NULL)
        """,
        "CREATE INDEX run_by_folder ON run (folder)",
        "CREATE TABLE metric_name (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
        """
        CREATE TABLE metric (
          run_id INTEGER NOT NULL, phase INTEGER NOT NULL, step INTEGER NOT NULL,
          name_id INTEGER NOT NULL, value REAL,
          PRIMARY KEY (run_id, phase, step, name_id)) WITHOUT ROWID
        """,
        """
        CREATE TABLE step (
          run_id INTEGER NOT NULL, phase INTEGER NOT NULL, step INTEGER NOT NULL, at REAL NOT NULL,
          completions INTEGER NOT NULL, failures INTEGER NOT NULL,
          min_reward REAL, max_reward REAL, min_tokens INTEGER, max_tokens INTEGER,
          PRIMARY KEY (run_id, phase, step)) WITHOUT ROWID
        """,
        """
        CREATE TABLE chunk (
          id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL, step INTEGER NOT NULL, body BLOB NOT NULL)
        """,
        "CREATE INDEX chunk_by_step ON chunk (run_id, step)",
        """
        CREATE TABLE prompt (
          id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL, row INTEGER NOT NULL,
          digest INTEGER NOT NULL, chunk_id INTEGER NOT NULL, member INTEGER NOT NULL)
        """,
        "CREATE UNIQUE INDEX prompt_by_row ON prompt (run_id, row, digest)",
        "CREATE INDEX prompt_by_chunk ON prompt (chunk_id)",
        """
        CREATE TABLE completion (
          run_id INTEGER NOT NULL, phase INTEGER NOT NULL, step INTEGER NOT NULL,
          ordinal INTEGER NOT NULL, prompt_id INTEGER NOT NULL, chunk_id INTEGER NOT NULL,
          member INTEGER NOT NULL, tokens INTEGER NOT NULL, reward REAL, failure TEXT,
          PRIMARY KEY (run_id, phase, step, ordinal)) WITHOUT ROWID
        """,
        """
        CREATE INDEX completion_by_reward ON completion (run_id, phase, reward, step, ordinal)
        WHERE reward IS NOT NULL
        """,
        """
        CREATE INDEX completion_by_length ON completion (
          run_id, phase, tokens, step, ordinal, reward)
        """,
        """
        CREATE INDEX completion_by_prompt ON completion (
          prompt_id, phase, step, ordinal, reward, tokens)
        """,
        """
        CREATE INDEX completion_by_failure ON completion (
          run_id, phase, step, ordinal, failure, reward, tokens) WHERE failure IS NOT NULL
        """,
        """
        CREATE TABLE reward_version (
          run_id INTEGER NOT NULL, function TEXT NOT NULL, version INTEGER NOT NULL,
          first_step INTEGER NOT NULL, at REAL NOT NULL, declaration TEXT NOT NULL, source TEXT,
          PRIMARY KEY (run_id, function, version)) WITHOUT ROWID
        """,
        """
        CREATE TABLE reward_log (
          id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL, step INTEGER NOT NULL,
          function TEXT NOT NULL, failed INTEGER NOT NULL, entry TEXT NOT NULL)
        """,
        "CREATE INDEX reward_log_by_step ON reward_log (run_id, step, id)",
        """
        CREATE TABLE event (
          id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL, step INTEGER NOT NULL, at REAL NOT NULL,
          kind TEXT NOT NULL, body TEXT NOT NULL)
        """,
        "CREATE INDEX event_by_run ON event (run_id, id)",
    ]

    /// What is in force from a step on: a version may come back.
    private static let rewardChange = """
        CREATE TABLE reward_change (
          run_id INTEGER NOT NULL, first_step INTEGER NOT NULL, function TEXT NOT NULL,
          version INTEGER NOT NULL, PRIMARY KEY (run_id, first_step, function)) WITHOUT ROWID
        """

    /// What became of each change of rewards that was asked for, with the report of its trial; and the
    /// functions of `evaluation.rewards`, which stay as they are.
    private static let trials = [
        """
        CREATE TABLE reward_trial (
          run_id INTEGER NOT NULL, id TEXT NOT NULL, step INTEGER NOT NULL, at REAL NOT NULL,
          state TEXT NOT NULL, first_step INTEGER, answer TEXT NOT NULL,
          PRIMARY KEY (run_id, id)) WITHOUT ROWID
        """,
        """
        CREATE TABLE evaluation_reward (
          run_id INTEGER NOT NULL, function TEXT NOT NULL, declaration TEXT NOT NULL, source TEXT,
          PRIMARY KEY (run_id, function)) WITHOUT ROWID
        """,
    ]
}
