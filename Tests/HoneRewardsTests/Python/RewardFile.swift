import Foundation
import HoneCore
import HoneRewards
import OrderedCollections
import TestSupport

/// A reward file in a temporary folder, and pools over it.
final class RewardFile {
    private let folder: ScratchFolder
    let url: URL

    init(_ source: String) throws {
        folder = try ScratchFolder()
        url = try folder.file("rewards.py", source)
    }

    func launch(_ limits: WorkerLaunch.Limits = .init()) throws -> WorkerLaunch {
        WorkerLaunch(interpreter: try PythonInterpreter.locate(declared: nil), limits: limits)
    }

    func pool(
        _ functions: [String], timeout: Duration = .seconds(10), workers: Int = 1,
        limits: WorkerLaunch.Limits = .init()
    ) async throws -> WorkerPool {
        try await WorkerPool(
            launch: try launch(limits),
            functions: functions.map {
                WorkerFunction(name: $0, file: url.path, function: $0, timeout: timeout)
            }, count: workers)
    }

    /// What `function` says of `completions` in a pool made for it alone.
    func assess(
        _ function: String, _ completions: [String], columns: JSONObject = [:],
        timeout: Duration = .seconds(10), limits: WorkerLaunch.Limits = .init()
    ) async throws -> [Assessment] {
        let pool = try await pool([function], timeout: timeout, limits: limits)
        let assessments = await PythonReward(pool, index: 0).assess(
            gradingRequest(completions, columns: columns))
        await pool.shutDown()
        return assessments
    }
}

extension Assessment {
    var value: Double? {
        if case .value(let value) = score { value } else { nil }
    }
    var failure: GraderFailure? {
        if case .failed(let failure) = score { failure } else { nil }
    }
}
