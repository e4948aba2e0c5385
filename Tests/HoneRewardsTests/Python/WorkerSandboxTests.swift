import Foundation
import HoneCore
import HoneRewards
import OrderedCollections
import Testing

@Suite(.enabled(if: WorkerSandbox.installed() != nil, "bubblewrap is not installed"))
struct WorkerSandboxTests {
    static let source = """
        import ctypes, os, socket, subprocess

        def reward(prompt, completion, example):
            if completion == "home":
                return os.path.exists(example["elsewhere"])
            if completion == "own":
                return os.path.exists(__file__)
            if completion == "write":
                open(os.path.join(os.path.dirname(__file__), "x"), "w")
            if completion == "temporary":
                with open("/tmp/x", "w") as file:
                    return file.write("abc")
            if completion == "network":
                socket.create_connection(("127.0.0.1", int(example["port"])), timeout=1)
            if completion == "crash":
                ctypes.string_at(0)
            if completion == "exit":
                os._exit(3)
            if completion == "stay":
                subprocess.Popen(["sleep", example["seconds"]], start_new_session=True)
                return len([name for name in os.listdir("/proc") if name.isdigit()])
            return 1
        """

    static func scores(
        _ completions: [String], columns: JSONObject, options: JSONObject = [:]
    ) async throws -> [Score] {
        let file = try RewardFile(source)
        var all: JSONObject = [
            "file": .string(file.url.path), "sandbox": "required", "workers": 1,
        ]
        for (key, value) in options { all[key] = value }
        let rubric = try await RewardLibrary(folder: URL(filePath: "/tmp")).rubric(
            of: [RewardConfig(name: "reward", type: "python", options: all)], file: "recipe.yaml")
        #expect(rubric.notices.isEmpty)
        return await rubric.items[0].function.score(gradingRequest(completions, columns: columns))
    }

    @Test func aFunctionSeesItsOwnFolderAndNoOther() async throws {
        let elsewhere = try RewardFile("secret")
        let columns: JSONObject = ["elsewhere": .string(elsewhere.url.path)]
        #expect(
            try await Self.scores(["home", "own"], columns: columns) == [.value(0), .value(1)])
        let granted: JSONObject = ["readable": [.string(elsewhere.url.path)]]
        #expect(
            try await Self.scores(["home"], columns: columns, options: granted) == [.value(1)])
    }

    @Test func aFunctionWritesOnlyToAFolderOfItsOwn() async throws {
        let mark = "/tmp/x"
        let before = FileManager.default.fileExists(atPath: mark)
        let scores = try await Self.scores(["write", "temporary"], columns: [:])
        guard case .failed(let failure) = scores[0] else {
            Issue.record("wrote beside its file")
            return
        }
        #expect(failure.message.hasPrefix("OSError: [Errno 30] Read-only file system"))
        #expect(scores[1] == .value(3))
        #expect(FileManager.default.fileExists(atPath: mark) == before)
    }

    @Test func crashesAreToldApartAsOutsideTheSandbox() async throws {
        let scores = try await Self.scores(["crash", "ok", "exit", "ok"], columns: [:])
        #expect(scores[1] == .value(1))
        #expect(scores[3] == .value(1))
        let messages = scores.map { score in
            if case .failed(let failure) = score { failure.message } else { "" }
        }
        #expect(messages[0].contains("signal 11"))
        #expect(messages[2].contains("exit code 3"))
    }

    @Test func whatAFunctionStartsEndsWithTheSandbox() async throws {
        // A time that no other process sleeps.
        let seconds = String(86_400 + Int.random(in: 0..<1_000_000))
        let scores = try await Self.scores(["stay"], columns: ["seconds": .string(seconds)])
        guard case .value(let processes) = scores[0] else {
            Issue.record("\(scores)")
            return
        }
        // Bubblewrap's first process, Python and the sleeper.
        #expect(processes == 3)
        for _ in 0..<3000 where Self.isRunning(["sleep", seconds]) {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(!Self.isRunning(["sleep", seconds]))
    }

    private static func isRunning(_ command: [String]) -> Bool {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        let wanted = Data((command.joined(separator: "\0") + "\0").utf8)
        return processes.contains {
            FileManager.default.contents(atPath: "/proc/\($0)/cmdline") == wanted
        }
    }

    @Test func withoutAGrantThereIsNoNetwork() async throws {
        let listener = try LoopbackListener()
        let columns: JSONObject = ["port": .int(listener.port)]
        let refused = try await Self.scores(["network"], columns: columns)
        guard case .failed = refused[0] else {
            Issue.record("reached the network")
            return
        }
        let granted = try await Self.scores(
            ["network"], columns: columns, options: ["network": true])
        #expect(granted == [.value(1)])
    }

    @Test func theSwitchTurnsItOff() async throws {
        let elsewhere = try RewardFile("secret")
        let scores = try await Self.scores(
            ["home"], columns: ["elsewhere": .string(elsewhere.url.path)],
            options: ["sandbox": "off"])
        #expect(scores == [.value(1)])
    }
}
