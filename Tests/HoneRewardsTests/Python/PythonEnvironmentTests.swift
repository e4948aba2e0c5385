import Foundation
import Synchronization
import TestSupport
import Testing

@testable import HoneRewards

@Suite struct PythonEnvironmentTests {
    /// A wheel made by hand: one module, no build, no network.
    static let makeWheel = """
        import sys, zipfile
        with zipfile.ZipFile(sys.argv[1], "w") as wheel:
            wheel.writestr("honetoy.py", "LIMIT = 7\\n")
            info = "honetoy-1.0.dist-info/"
            wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: honetoy\\nVersion: 1.0\\n")
            wheel.writestr(
                info + "WHEEL",
                "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
            wheel.writestr(info + "RECORD", "")
        """

    static func wheel(in scratch: ScratchFolder) throws -> String {
        let name = "honetoy-1.0-py3-none-any.whl"
        let process = Process()
        process.executableURL = URL(filePath: try PythonInterpreter.locate(declared: nil))
        process.arguments = ["-c", makeWheel, scratch.url.appending(path: name).path]
        try process.run()
        process.waitUntilExit()
        return "./" + name
    }

    static func environment(_ packages: [String], in scratch: ScratchFolder) throws
        -> PythonEnvironment
    {
        PythonEnvironment(
            interpreter: try PythonInterpreter.locate(declared: nil), packages: packages,
            workingFolder: scratch.url, root: scratch.url.appending(path: "environments"))
    }

    @Test func aFunctionImportsWhatItDeclaresFromAnEnvironmentMadeOnce() async throws {
        let scratch = try ScratchFolder()
        let environment = try Self.environment([try Self.wheel(in: scratch)], in: scratch)
        let told = Mutex<[String]>([])
        let python = try environment.make { message in told.withLock { $0.append(message) } }
        #expect(told.withLock { $0.count } == 1)
        #expect(try environment.make { _ in Issue.record("made twice") } == python)

        let file = try RewardFile(
            """
            import honetoy

            def reward(prompt, completion, example):
                return honetoy.LIMIT
            """)
        let pool = try await WorkerPool(
            launch: WorkerLaunch(interpreter: python),
            functions: [
                WorkerFunction(
                    name: "reward", file: file.url.path, function: "reward", timeout: .seconds(10))
            ], count: 1)
        let assessments = await PythonReward(pool, index: 0).assess(gradingRequest(["x"]))
        await pool.shutDown()
        #expect(assessments.map(\.value) == [7])
    }

    @Test func oneWhoseMakingWasInterruptedIsMadeAnew() throws {
        let scratch = try ScratchFolder()
        let environment = try Self.environment([try Self.wheel(in: scratch)], in: scratch)
        try FileManager.default.createDirectory(
            at: environment.folder.appending(path: "bin"), withIntermediateDirectories: true)
        let python = try environment.make { _ in }
        #expect(FileManager.default.isExecutableFile(atPath: python))
    }

    @Test func whatPipSaysIsShownWhole() throws {
        let scratch = try ScratchFolder()
        let environment = try Self.environment(["./absent.whl"], in: scratch)
        let error = #expect(throws: RewardError.self) { try environment.make { _ in } }
        guard case .environment(["./absent.whl"], _, let output) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(output.contains("absent.whl"))
        #expect(output.contains("ERROR"))
    }
}
