import Foundation
import GRDB
import HoneCore
import Testing

@testable import HoneStore

/// Checks that every table of a store agrees with every other: what must hold after any interruption.
struct StoreCheck {
    let store: Store

    init(_ store: Store) { self.store = store }

    /// Steps without gaps, each with all its completions, metrics and texts; nothing that refers to what is
    /// not there, and nothing that nothing refers to.
    func expectWhole(_ location: SourceLocation = #_sourceLocation) throws {
        try store.pool.read { db in
            func none(_ what: String, _ sql: String) throws {
                let count = try Int.fetchOne(db, sql: "SELECT count(*) FROM (\(sql))")
                #expect(count == 0, "\(count ?? 0) \(what)", sourceLocation: location)
            }
            let integrity = try String.fetchAll(db, sql: "PRAGMA integrity_check")
            #expect(integrity == ["ok"], sourceLocation: location)
            try none(
                "completions without step",
                """
                SELECT 1 FROM completion c LEFT JOIN step s
                ON s.run_id = c.run_id AND s.phase = c.phase AND s.step = c.step
                WHERE s.step IS NULL
                """)
            try none(
                "steps that miscount their completions",
                """
                SELECT 1 FROM step s WHERE completions <> (SELECT count(*) FROM completion c
                  WHERE c.run_id = s.run_id AND c.phase = s.phase AND c.step = s.step)
                """)
            try none(
                "steps that miscount their failures",
                """
                SELECT 1 FROM step s WHERE failures <> (SELECT count(failure) FROM completion c
                  WHERE c.run_id = s.run_id AND c.phase = s.phase AND c.step = s.step)
                """)
            try none(
                "steps with a wrong range of rewards",
                """
                SELECT 1 FROM step s WHERE (min_reward, max_reward) IS NOT (
                  SELECT min(reward), max(reward) FROM completion c
                  WHERE c.run_id = s.run_id AND c.phase = s.phase AND c.step = s.step)
                """)
            try none(
                "metrics without step",
                """
                SELECT 1 FROM metric m LEFT JOIN step s
                ON s.run_id = m.run_id AND s.phase = m.phase AND s.step = m.step
                WHERE s.step IS NULL
                """)
            try none(
                "metrics without name",
                """
                SELECT 1 FROM metric WHERE name_id NOT IN (SELECT id FROM metric_name)
                """)
            try none(
                "completions without chunk",
                """
                SELECT 1 FROM completion WHERE chunk_id NOT IN (SELECT id FROM chunk)
                """)
            try none(
                "completions without prompt",
                """
                SELECT 1 FROM completion WHERE prompt_id NOT IN (SELECT id FROM prompt)
                """)
            try none(
                "prompts without chunk",
                """
                SELECT 1 FROM prompt WHERE chunk_id NOT IN (SELECT id FROM chunk)
                """)
            try none(
                "chunks of nothing",
                """
                SELECT 1 FROM chunk WHERE id NOT IN (SELECT chunk_id FROM completion)
                  AND id NOT IN (SELECT chunk_id FROM prompt)
                """)
            for table in Self.tablesOfRuns {
                try none(
                    "rows of \(table) without run",
                    """
                    SELECT 1 FROM \(table) WHERE run_id NOT IN (SELECT id FROM run)
                    """)
            }
            try none(
                "runs behind their steps",
                """
                SELECT 1 FROM run WHERE step < (SELECT max(step) FROM step
                  WHERE run_id = run.id AND phase = 0)
                """)
            for body in try Data.fetchAll(db, sql: "SELECT body FROM chunk") {
                _ = try TextChunk.unpack(Array(body), path: "test")
            }
        }
        for run in try store.runs() {
            let steps = try store.curve(of: "reward", in: run, .training).map(\.step)
            #expect(
                steps == Array(1...max(steps.count, 1)).prefix(steps.count).map(\.self),
                sourceLocation: location)
        }
    }

    static let tablesOfRuns = [
        "step", "metric", "completion", "chunk", "prompt", "reward_version", "reward_change",
        "reward_log", "event", "reward_trial", "evaluation_reward",
    ]
}
