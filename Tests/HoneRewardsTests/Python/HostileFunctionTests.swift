import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

@testable import HoneRewards

/// Functions that do what no function should. Each runs between two honest calls, which must succeed.
@Suite struct HostileFunctionTests {
    static let source = """
        import ctypes, os, socket, subprocess, sys, threading, time

        class Slow:
            def __float__(self):
                while True:
                    pass

        class Liar:
            def __float__(self):
                return "one"

        class Unspeakable:
            def __repr__(self):
                raise RuntimeError("no words")

        def dive(depth):
            return dive(depth + 1)

        def reward(prompt, completion, example):
            if completion == "loop":
                while True:
                    pass
            if completion == "forks":
                while True:
                    os.fork()
            if completion == "memory":
                return len(bytearray(100 << 30))
            if completion == "dive":
                sys.setrecursionlimit(10 ** 9)
                return dive(0)
            if completion == "exit":
                os._exit(0)
            if completion == "parent":
                os.kill(os.getppid(), 9)
                time.sleep(30)
            if completion == "all":
                os.kill(-1, 9)
                time.sleep(30)
            if completion == "closed":
                os.close(1); os.close(2); sys.stdout.close()
                print("into nothing")
                return 0.5
            if completion == "gigabyte":
                line = "x" * (1 << 20)
                for _ in range(1024):
                    print(line)
                return 0.5
            if completion == "flood":
                block = b"x" * (1 << 20)
                for _ in range(200):
                    os.write(1, block)
                return 0.5
            if completion == "write":
                for folder in ("/", "/etc", "/usr", os.path.dirname(__file__), example["elsewhere"]):
                    try:
                        open(os.path.join(folder, "hone-was-here"), "w").close()
                    except OSError:
                        pass
                return 0.5
            if completion == "read":
                return os.path.exists(os.path.join(example["elsewhere"], "secret"))
            if completion == "socket":
                socket.create_connection(("127.0.0.1", int(example["port"])), timeout=1)
            if completion == "builtins":
                import builtins
                builtins.len = builtins.float = builtins.repr = lambda *_: 1 / 0
                return 0.5
            if completion == "thread":
                threading.Thread(target=lambda: time.sleep(1000)).start()
                return 0.5
            if completion == "slow float":
                return Slow()
            if completion == "liar":
                return Liar()
            if completion == "unspeakable":
                return Unspeakable()
            return 1
        """

    /// Scores of an honest call, the hostile one and another honest one, in the sandbox as a recipe
    /// would start it.
    static func outcome(of way: String, columns: JSONObject = [:]) async throws -> [Score] {
        let file = try RewardFile(source)
        let rewards = [
            RewardConfig(
                name: "reward", type: "python",
                options: [
                    "file": .string(file.url.path), "workers": 1, "memory": "1 GiB",
                    "check_repeatable": 0,
                ])
        ].map { reward in
            var reward = reward
            reward.timeout = 2
            return reward
        }
        let rubric = try await RewardLibrary(folder: file.url.deletingLastPathComponent())
            .rubric(of: rewards, file: "recipe.yaml")
        let assessed = await rubric.assess([
            gradingRequest(["honest", way, "honest"], columns: columns)
        ])
        return assessed[0][0].map(\.score)
    }

    static func kind(_ score: Score) -> GraderFailure.Kind? {
        if case .failed(let failure) = score { failure.kind } else { nil }
    }

    @Test(
        arguments: [
            ("loop", [.timedOut]), ("memory", [.outOfMemory]),
            ("dive", [.crashed, .raised, .timedOut]),
            ("exit", [.crashed]), ("builtins", [.raised, .crashed]),
            ("slow float", [.timedOut]), ("liar", [.raised]), ("unspeakable", [.raised]),
        ] as [(String, [GraderFailure.Kind])])
    func itsOwnCallFailsByName(_ way: String, _ kinds: [GraderFailure.Kind]) async throws {
        let scores = try await Self.outcome(of: way)
        #expect(scores[0] == .value(1) && scores[2] == .value(1))
        let kind = try #require(Self.kind(scores[1]), "\(scores[1])")
        #expect(kinds.contains(kind), "\(scores[1])")
    }

    @Test(
        .enabled(if: WorkerSandbox.installed() != nil, "needs bubblewrap"),
        arguments: [("forks", .tooManyProcesses), ("parent", .timedOut), ("all", .timedOut)]
            as [(String, GraderFailure.Kind)])
    func whatItStartsOrKillsEndsWithIt(_ way: String, _ kind: GraderFailure.Kind) async throws {
        let scores = try await Self.outcome(of: way)
        #expect(scores[0] == .value(1) && scores[2] == .value(1))
        let found = try #require(Self.kind(scores[1]), "\(scores[1])")
        // Inside its namespace the worker may also be the one that is hit.
        #expect(found == kind || found == .crashed || found == .timedOut || found == .raised)
    }

    @Test(arguments: ["closed", "gigabyte", "flood", "thread"])
    func theCallsAfterItAreHonest(_ way: String) async throws {
        let scores = try await Self.outcome(of: way)
        #expect(scores[0] == .value(1) && scores[2] == .value(1))
    }

    @Test(.enabled(if: WorkerSandbox.installed() != nil, "needs bubblewrap"))
    func nothingOutsideIsReadOrWritten() async throws {
        let elsewhere = try ScratchFolder()
        try elsewhere.file("secret", "other run")
        let columns: JSONObject = ["elsewhere": .string(elsewhere.url.path)]
        #expect(try await Self.outcome(of: "read", columns: columns)[1] == .value(0))
        #expect(try await Self.outcome(of: "write", columns: columns)[1] == .value(0.5))
        for folder in ["/", "/etc", "/usr", elsewhere.url.path] {
            #expect(!FileManager.default.fileExists(atPath: folder + "/hone-was-here"), "\(folder)")
        }
    }

    @Test(.enabled(if: WorkerSandbox.installed() != nil, "needs bubblewrap"))
    func noSocketIsOpened() async throws {
        let listener = try LoopbackListener()
        let scores = try await Self.outcome(
            of: "socket", columns: ["port": .int(listener.port)])
        #expect(Self.kind(scores[1]) == .raised)
    }
}
