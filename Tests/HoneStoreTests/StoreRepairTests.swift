import Foundation
import GRDB
import HoneCore
import OrderedCollections
import TestSupport
import Testing

@testable import HoneStore

@Suite struct StoreRepairTests {
    /// A run's folder as `hone train` leaves it: two steps, one evaluation, the second step's last line cut
    /// off as by a kill.
    static func folder(_ scratch: ScratchFolder) throws -> URL {
        try scratch.file("runs/sample/recipe.yaml", "method: grpo\n")
        try scratch.file(
            "runs/sample/events.jsonl",
            """
            {"event":"started","step":0,"time":"2026-01-02T03:04:05Z","name":"sample",\
            "method":"grpo","model":"/models/tiny","output":"x","total_steps":3,"facts":{"device":"cpu"}}
            {"event":"step","step":1,"time":"2026-01-02T03:04:06Z","metrics":{"reward":0.5,"loss":null}}
            {"event":"warning","step":1,"time":"2026-01-02T03:04:06Z","message":"mind"}
            {"event":"evaluated","step":1,"time":"2026-01-02T03:04:07Z","metrics":{"reward":0.25},\
            "samples":[{"row":7,"prompt":"p7","completion":"held","reward":0.25,"rewards/a":0.25}]}
            {"event":"step","step":2,"time":"2026-01-02T03:04:08Z","metrics":{"reward":0.75}}

            """)
        try scratch.file(
            "runs/sample/completions.jsonl",
            """
            {"step":1,"row":3,"prompt":"p3","completion":"one","tokens":4,"finish_reason":"stop",\
            "reward":1,"rewards/a":1,"advantage":0.5}
            {"step":1,"row":3,"prompt":"p3","completion":"two","tokens":5,"finish_reason":"length",\
            "reward":null,"rewards/a":null,"failure":"reward function a raised: no","advantage":null}
            {"step":2,"row":5,"prompt":"p5","completion":"three","tokens":6,"finish_reason":"stop",\
            "reward":0.5,"rewards/a":0.5,"advantage":0}
            {"step":3,"row":5,"prompt":"p5","compl
            """)
        try scratch.file(
            "runs/sample/rewards.jsonl",
            #"{"step":2,"epoch":0.1,"row":5,"completion":0,"function":"a","output":"said"}"# + "\n")
        return scratch.url.appending(path: "runs/sample")
    }

    @Test func aFolderIsTakenIn() throws {
        let scratch = try ScratchFolder()
        let report = try StoreRepair(scratch.home, folders: [try Self.folder(scratch)]).run()
        #expect(report.damage == nil)
        #expect(report.problems == [])
        #expect(report.takenIn.map(\.steps) == [2])
        // Three of training and one of the evaluation: this folder has no rows.jsonl.
        #expect(report.takenIn.map(\.withoutColumns) == [4])
        let store = try Store(scratch.home, absence: .refuse)
        let run = try store.run("sample")
        #expect(run.state == .stopped)
        #expect(run.step == 2 && run.totalSteps == 3)
        #expect(run.facts == ["device": "cpu"])
        #expect(run.startedAt == Date(timeIntervalSince1970: 1_767_323_045))
        let curve = try store.curve(of: "reward", in: run, .training)
        #expect(curve.map(\.value) == [0.5, 0.75])
        let records = try store.completions(of: run, CompletionQuery())
        #expect(records.map(\.completion) == ["one", "two", "three"])
        #expect(records.map(\.prompt) == ["p3", "p3", "p5"])
        #expect(records.map(\.reward) == [1, nil, 0.5])
        #expect(records[0].rewards.map(\.function) == ["a"])
        #expect(try store.completionCount(of: run, .training).failed == 1)
        #expect(try store.rewardLog(of: run, RewardLogQuery()).count == 1)
        var held = CompletionQuery()
        held.phase = .evaluation
        #expect(try store.completions(of: run, held).map(\.completion) == ["held"])
        #expect(try store.events(of: run).map(\.kind) == ["started", "warning"])
        try StoreCheck(store).expectWhole()
        try store.close()
        // What is there already is not taken in twice.
        let again = try StoreRepair(scratch.home).run()
        #expect(again.takenIn == [] && again.damage == nil)
    }

    /// With the rows that were asked, the sources of the functions and the answers, a folder gives all that
    /// scoring the run again needs.
    @Test func aFolderGivesRowsSourcesEvaluationsAndTrials() throws {
        let scratch = try ScratchFolder()
        let folder = try Self.folder(scratch)
        try scratch.file(
            "runs/sample/rows.jsonl",
            """
            {"phase":"training","step":1,"row":3,"messages":[{"role":"user","content":"q3","name":"n"}],\
            "columns":{"answer":"3"}}
            {"phase":"evaluation","step":1,"row":7,"prompt":"q7","columns":{"answer":"held 7"}}
            {"phase":"training","step":1,"row":5,"prompt":"q5","columns":{"answer":"before"}}
            {"phase":"training","step":2,"row":5,"prompt":"q5","columns":{"answer":"after"}}
            {"phase":"training","step":3,"row":5,"prompt":"q5","columns":{"answer":"later"}}
            {"phase":"training","st
            """)
        try scratch.file(
            "runs/sample/evaluations.jsonl",
            """
            {"step":1,"row":7,"prompt":"p7","completion":"held","tokens":4,"finish_reason":"stop",\
            "policy_version":1,"reward":0.25,"rewards/a":0.25}
            {"step":1,"row":7,"prompt":"p7","completion":"held too","tokens":6,\
            "finish_reason":"length","policy_version":1,"reward":null,"rewards/a":null,\
            "failure":"reward function a timedOut: late",\
            "failures":{"a":{"kind":"timedOut","message":"late"}}}

            """)
        let reward = VersionedReward(
            number: 1, declaration: RewardConfig(name: "a", type: "python"), folder: "/",
            source: RewardSource(name: "r.py", texts: ["r.py": "text"], origin: "/r.py"))
        try scratch.file(
            "runs/sample/rewards/history.jsonl",
            RewardChange(id: "start", reason: .start, firstStep: 0, inForce: [reward]).json.text()
                + "\n")
        try scratch.file(
            "runs/sample/rewards/evaluation.jsonl", reward.json.text() + "\n")
        let answer = RewardAnswer(
            id: "1767323045000-x", asked: .watch, state: .refused, reason: "no", versions: ["a_v2"])
        let encoded = try JSONEncoder().encode(answer)
        try scratch.file(
            "runs/sample/rewards/answers/1767323045000-x.json",
            String(decoding: encoded, as: UTF8.self))
        let report = try StoreRepair(scratch.home, folders: [folder]).run()
        #expect(report.problems == [] && report.takenIn.map(\.withoutColumns) == [0])
        let store = try Store(scratch.home, absence: .refuse)
        let run = try store.run("sample")
        let groups = try store.groups(of: run, step: 1) + store.groups(of: run, step: 2)
        #expect(groups.map(\.row.index) == [3, 5])
        // As the rows were at their step.
        #expect(groups.map(\.row.columns) == [["answer": "3"], ["answer": "after"]])
        #expect(
            groups[0].row.prompt
                == .messages([ChatMessage(role: "user", content: "q3", extra: ["name": "n"])]))
        #expect(groups[0].prompt == "p3")
        var held = CompletionQuery()
        held.phase = .evaluation
        let evaluated = try store.completions(of: run, held)
        #expect(evaluated.map(\.completion) == ["held", "held too"])
        #expect(evaluated.map(\.tokens) == [4, 6])
        #expect(evaluated[1].rewards.map(\.failure) == ["timedOut: late"])
        // evaluation.rewards never change, so they have no versions.
        #expect(evaluated[0].rewards.map(\.version) == [nil])
        #expect(try store.evaluationRewards(of: run).map(\.source) == ["text"])
        let first = try store.completions(of: run, CompletionQuery())[0]
        #expect(first.rewards.map(\.version) == ["a_v1"])
        #expect(try store.rewardVersions(of: run).map(\.content.source) == ["text"])
        #expect(try store.rewardTrials(of: run).map(\.answer) == [answer])
        try StoreCheck(store).expectWhole()
    }

    /// Half of a file, as a copy that was broken off leaves it.
    @Test func aStoreThatWasCutShortIsRefusedAndMadeAnew() async throws {
        let scratch = try ScratchFolder()
        let folder = try Self.folder(scratch)
        do {
            let store = try Store(scratch.home)
            try await SampleRun.record(in: store, steps: 60, groups: 8, folder: "/gone")
            try store.close()
        }
        _ = try StoreRepair(scratch.home, folders: [folder]).run()
        let database = scratch.home.database
        try await DatabaseQueue(path: database.path).writeWithoutTransaction { db in
            _ = try db.checkpoint(.truncate)
        }
        let bytes = try Data(contentsOf: database)
        try bytes.prefix(bytes.count / 8 * 4).write(to: database)

        // Refused at once, or by the first that touches what is missing; never half a list.
        let error = #expect(throws: StoreError.self) {
            let store = try Store(scratch.home, absence: .refuse)
            for run in try store.runs() {
                try store.forEachCompletion(of: run, CompletionQuery()) { _ in }
                _ = try store.events(of: run)
            }
        }
        #expect("\(error!)".contains("hone runs repair"))
        let report = try StoreRepair(scratch.home, folders: [folder]).run()
        #expect(report.damage != nil && report.aside != nil)
        #expect(report.takenIn.map(\.name).contains("sample"))
        try StoreCheck(try Store(scratch.home)).expectWhole()
    }

    @Test func aStoreWithBrokenPagesIsPutAsideAndMadeAnew() async throws {
        let scratch = try ScratchFolder()
        let folder = try Self.folder(scratch)
        _ = try StoreRepair(scratch.home, folders: [folder]).run()
        let database = scratch.home.database
        // Everything into the main file, where the damage is done.
        try await DatabaseQueue(path: database.path).writeWithoutTransaction { db in
            _ = try db.checkpoint(.truncate)
        }
        var bytes = try Data(contentsOf: database)
        for place in stride(from: 4096 * 2, to: bytes.count, by: 512) { bytes[place] ^= 0xFF }
        try bytes.write(to: database)

        let report = try StoreRepair(scratch.home, folders: [folder]).run()
        #expect(report.damage != nil)
        let aside = try #require(report.aside)
        #expect(try Data(contentsOf: aside) == bytes)
        #expect(report.takenIn.map(\.name) == ["sample"])
        let store = try Store(scratch.home, absence: .refuse)
        #expect(try store.run("sample").step == 2)
        try StoreCheck(store).expectWhole()
    }

    @Test func aFlippedBitWithinATextIsFoundAndTold() async throws {
        let scratch = try ScratchFolder()
        let store = try Store(scratch.home)
        try await SampleRun.record(in: store, steps: 2)
        try await store.pool.write { db in
            let body = try #require(
                try Data.fetchOne(db, sql: "SELECT body FROM chunk ORDER BY id DESC LIMIT 1"))
            var bytes = [UInt8](body)
            bytes[bytes.count / 2] ^= 4
            try db.execute(
                sql: "UPDATE chunk SET body = ? WHERE id = (SELECT max(id) FROM chunk)",
                arguments: [Data(bytes)])
        }
        let run = try store.run("sample")
        let error = #expect(throws: StoreError.self) {
            try store.completions(of: run, CompletionQuery())
        }
        #expect("\(error!)".contains("hone runs repair"))
        try store.close()
        let report = try StoreRepair(scratch.home).run()
        #expect(report.damage?.contains("cannot be unpacked") == true)
    }

    @Test func aStoreOfANewerHoneIsPutAside() async throws {
        let scratch = try ScratchFolder()
        let store = try Store(scratch.home)
        try await store.pool.write { db in
            try db.execute(sql: "INSERT INTO grdb_migrations VALUES ('99 from the future')")
        }
        try store.close()
        let report = try StoreRepair(scratch.home).run()
        #expect(report.damage == "changed by a newer Hone: 99 from the future")
        #expect(report.aside != nil)
        #expect(try Store(scratch.home).runs() == [])
    }

    @Test func aFolderWithoutARunIsNamed() throws {
        let scratch = try ScratchFolder()
        let report = try StoreRepair(scratch.home, folders: [scratch.url]).run()
        #expect(report.problems.count == 1)
        try scratch.file("bad/events.jsonl", "{\"event\":\"step\"}\nno json\n")
        let bad = try StoreRepair(
            scratch.home, folders: [scratch.url.appending(path: "bad")]
        ).run()
        #expect(bad.problems.first?.contains("events.jsonl:2") == true)
        #expect(try Store(scratch.home).runs() == [])
    }

    /// Steps made while the store could not be written come from the folder when the run goes on.
    @Test func aResumedRunBringsTheStepsThatTheStoreMissed() async throws {
        let scratch = try ScratchFolder()
        let folder = try Self.folder(scratch)
        let store = try Store(scratch.home)
        let recorder = StoreRecorder(
            store: store,
            registration: SampleRun.registration(folder: folder.path, beginning: .resumed),
            onProblem: { preconditionFailure($0) })
        await recorder.record(.started(SampleRun.description(steps: 3, resumedFrom: 2)))
        await recorder.record(SampleRun.step(3))
        let run = try store.run("sample")
        #expect(try store.curve(of: "reward", in: run, .training).map(\.step) == [1, 2, 3])
        #expect(try store.completionCount(of: run, .training).all == 11)
        try StoreCheck(store).expectWhole()
    }
}
