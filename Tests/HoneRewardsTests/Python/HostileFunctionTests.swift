import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

@testable import HoneRewards

/// Functions that do what no function should. Each runs between two honest calls, which must succeed.
@Suite struct HostileFunctionTests {
    static let source = """
        import ctypes, os, signal, socket, subprocess, sys, threading, time

        worker = os.getpid()

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
                    print(line, end="")
                return 0.5
            if completion == "flood":
                block = b"x" * (1 << 20)
                for _ in range(200):
                    os.write(1, block)
                return 0.5
            if completion == "daemon":
                for step in range(2):
                    if os.fork():
                        break
                    os.setsid()
                else:
                    os.closerange(0, 256)
                    time.sleep(1000)
                if os.getpid() != worker:
                    os._exit(0)
                return 0.5
            if completion == "fill":
                with open("/tmp/large", "wb") as file:
                    for _ in range(1024):
                        file.write(b"x" * (1 << 20))
            if completion == "everywhere":
                # Files small enough for the limit of one, in each place that is memory.
                for number in range(2000):
                    try:
                        with open(os.path.join(example["place"], "hone-%d" % number), "wb") as file:
                            file.write(b"x" * (1 << 20))
                    except OSError:
                        return number
                return 2000
            if completion == "hoard":
                # Each process stays below its limit of memory.
                for _ in range(40):
                    if os.fork() == 0:
                        kept = bytearray(b"x") * (200 << 20)
                        time.sleep(1000)
                time.sleep(1000)
            if completion == "chatty forks":
                while True:
                    os.write(2, b"x" * 100)
                    os.fork()
            if completion == "listen":
                family, place = example["family"], ("0.0.0.0", 0)
                if family == "AF_UNIX":
                    place = os.path.join(example["elsewhere"], "socket")
                server = socket.socket(getattr(socket, family))
                server.bind(place)
                server.listen()
                return 0.5
            if completion == "send":
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 9))
                return 0.5
            if completion == "deaf":
                for number in range(1, 65):
                    try:
                        signal.signal(number, signal.SIG_IGN)
                    except (OSError, ValueError):
                        pass
                while True:
                    try:
                        time.sleep(1)
                    except BaseException:
                        pass
            if completion == "answers":
                # Guesses at the pipe that answers leave on.
                for number in range(3, 64):
                    try:
                        os.write(number, b"[1,1,1000000.0,1]\\n" * 3)
                    except OSError:
                        pass
                return 0.5
            if completion == "processes":
                return len([name for name in os.listdir("/proc") if name.isdigit()])
            if completion == "keys":
                return "HONE_TEST_SECRET" in os.environ or any(
                    b"HONE_TEST_SECRET" in open("/proc/%s/environ" % name, "rb").read()
                    for name in os.listdir("/proc") if name.isdigit())
            if completion == "settings":
                # Opening shows whether they could be written; nothing is.
                found = 0
                for name in ("sys/kernel/core_pattern", "sys/kernel/pid_max", "sys/vm/drop_caches",
                             "sys/kernel/modprobe", "sys/vm/overcommit_memory", "sysrq-trigger", "mtrr"):
                    try:
                        os.close(os.open("/proc/" + name, os.O_WRONLY))
                        found += 1
                    except OSError:
                        pass
                return found
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
    static func outcome(
        of way: String, columns: JSONObject = [:], variables: [String] = [], timeout: Double = 5
    ) async throws -> [Score] {
        let file = try RewardFile(source)
        let rewards = [
            RewardConfig(
                name: "reward", type: "python",
                options: [
                    "file": .string(file.url.path), "workers": 1, "memory": "1 GiB",
                    "check_repeatable": 0,
                    // Never without where it is to be had: some of this would hit the whole machine.
                    "sandbox": WorkerSandbox.installed() == nil ? "off" : "required",
                    "env": .array(variables.map(JSONValue.string)),
                ])
        ].map { reward in
            var reward = reward
            reward.timeout = timeout
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
            ("exit", [.crashed]), ("builtins", [.raised, .crashed, .timedOut]),
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

    /// None of these is a wrong score, so the score stands; what they do besides has no effect.
    @Test(
        arguments: ["closed", "gigabyte", "thread"])
    func theCallsAfterItAreHonest(_ way: String) async throws {
        let scores = try await Self.outcome(of: way)
        #expect(scores == [.value(1), .value(0.5), .value(1)])
    }

    /// What it writes past its own output costs its own time.
    @Test func aFloodOfErrorsIsReadAway() async throws {
        let scores = try await Self.outcome(of: "flood")
        #expect(scores[0] == .value(1) && scores[2] == .value(1))
        #expect(scores[1] == .value(0.5) || Self.kind(scores[1]) == .timedOut)
    }

    @Test func aGigabyteOfPrintsIsCutInTheLog() async throws {
        let file = try RewardFile(Self.source)
        let said = try await file.assess("reward", ["gigabyte"], timeout: .seconds(60))
        // 64 KiB and a line that says how much more there was: 2³⁰ less that.
        #expect(said[0].output.utf8.count < 70_000)
        #expect(said[0].output.hasSuffix("… 1073676288 more characters"))
    }

    @Test func aDeafFunctionIsEndedAllTheSame() async throws {
        let scores = try await Self.outcome(of: "deaf")
        #expect(scores[0] == .value(1) && scores[2] == .value(1))
        #expect(Self.kind(scores[1]) == .timedOut)
    }

    /// Writing to the pipe of answers gets a function a failure, not the score it wrote.
    @Test func anAnswerOfItsOwnMakingIsNotTaken() async throws {
        let scores = try await Self.outcome(of: "answers")
        #expect(scores[0] == .value(1) && scores[2] == .value(1))
        #expect(Self.kind(scores[1]) == .crashed, "\(scores[1])")
    }

    @Test(.enabled(if: WorkerSandbox.installed() != nil, "needs bubblewrap"))
    func itsOwnFolderHasAnEnd() async throws {
        let scores = try await Self.outcome(of: "fill")
        #expect(scores[0] == .value(1) && scores[2] == .value(1))
        // A slow machine may not fill it in time.
        let kind = try #require(Self.kind(scores[1]))
        #expect(kind == .raised || kind == .timedOut)
        #expect(!FileManager.default.fileExists(atPath: "/tmp/large"))
    }

    @Test(.enabled(if: WorkerSandbox.installed() != nil, "needs bubblewrap"))
    func nobodyReachesASocketOfItsOwn() async throws {
        let elsewhere = try ScratchFolder()
        // A port of its own network, which ends with it, may be had; a file of ours may not.
        let inside = try await Self.outcome(of: "listen", columns: ["family": "AF_INET"])
        #expect(inside[1] == .value(0.5))
        let file = try await Self.outcome(
            of: "listen",
            columns: ["family": "AF_UNIX", "elsewhere": .string(elsewhere.url.path)])
        #expect(Self.kind(file[1]) == .raised)
        #expect(Self.kind(try await Self.outcome(of: "send")[1]) == .raised)
    }

    @Test(.enabled(if: WorkerSandbox.installed() != nil, "needs bubblewrap"))
    func itSeesNoOtherProcessAndNoKey() async throws {
        setenv("HONE_TEST_SECRET", "hidden", 1)
        #expect(try await Self.outcome(of: "keys")[1] == .value(0))
        // Bubblewrap's first process and Python.
        #expect(try await Self.outcome(of: "processes")[1] == .value(2))
    }

    /// Whatever a function starts, no process is left once the pool is gone.
    @Test(
        .enabled(if: WorkerSandbox.installed() != nil, "needs bubblewrap"),
        arguments: ["daemon", "thread", "forks", "parent", "exit", "loop", "deaf"])
    func nothingIsLeftBehind(_ way: String) async throws {
        let name = "HONE_TEST_MARK_" + way.uppercased()
        // What other tests start inherits all of this environment; a worker gets only what it declares.
        setenv(Self.inherited, "1", 1)
        setenv(name, "1", 1)
        defer { unsetenv(name) }
        let scores = try await Self.outcome(of: way, variables: [name])
        #expect(scores[0] == .value(1) && scores[2] == .value(1))
        let mark = Data("\(name)=1\0".utf8)
        for _ in 0..<3000 where !Self.processes(with: mark).isEmpty {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(Self.processes(with: mark).isEmpty)
    }

    private static let inherited = "HONE_TEST_INHERITED"

    /// Workers, and what they started, with `mark` in their environment.
    private static func processes(with mark: Data) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.filter { name in
            guard Int(name) != nil,
                let environment = FileManager.default.contents(atPath: "/proc/\(name)/environ")
            else { return false }
            return environment.range(of: mark) != nil
                && environment.range(of: Data(inherited.utf8)) == nil
        }
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

    /// No place takes more than it may, and what is no place for files takes none.
    @Test(
        .enabled(if: WorkerSandbox.installed() != nil, "needs bubblewrap"),
        arguments: [
            ("/", 0), ("/dev", 0), ("/dev/shm", 64), ("/tmp", 256), ("/run", 0), ("/var/tmp", 0),
        ])
    func memoryIsNotFilledWithFiles(_ place: String, _ most: Double) async throws {
        let scores = try await Self.outcome(
            of: "everywhere", columns: ["place": .string(place)], timeout: 60)
        guard case .value(let written) = scores[1] else {
            Issue.record("\(scores[1])")
            return
        }
        #expect(written <= most)
    }

    /// 40 processes of 200 MB each: none is too large, all together are.
    @Test(.enabled(if: WorkerSandbox.installed() != nil, "needs bubblewrap"))
    func memoryOfAllProcessesTogetherIsBounded() async throws {
        let scores = try await Self.outcome(of: "hoard", timeout: 60)
        #expect(scores[0] == .value(1) && scores[2] == .value(1))
        #expect(Self.kind(scores[1]) == .outOfMemory, "\(scores[1])")
    }

    /// Root outside owns these files inside, too.
    @Test(.enabled(if: WorkerSandbox.installed() != nil, "needs bubblewrap"))
    func noSettingOfTheMachineIsWritten() async throws {
        #expect(try await Self.outcome(of: "settings")[1] == .value(0))
    }

    @Test(.enabled(if: WorkerSandbox.installed() != nil, "needs bubblewrap"))
    func noSocketIsOpened() async throws {
        let listener = try LoopbackListener()
        let scores = try await Self.outcome(
            of: "socket", columns: ["port": .int(listener.port)])
        #expect(Self.kind(scores[1]) == .raised)
    }
}
