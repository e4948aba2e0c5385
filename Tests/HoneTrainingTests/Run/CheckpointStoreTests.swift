import Foundation
import HoneCore
import TestSupport
import Testing

@testable import HoneTraining

@Suite struct CheckpointStoreTests {
    private struct Weights: PersistentPolicy {
        var text = "w"
        func writeWeights(to folder: URL) throws {
            try Data(text.utf8).write(to: folder.appending(path: "weights"))
        }
        func writeTrainingState(to folder: URL) throws {
            try Data("o".utf8).write(to: folder.appending(path: "optimizer"))
        }
    }

    private actor Counter: CheckpointPart {
        nonisolated let checkpointName = "counter"
        var value = 0
        init(_ value: Int = 0) { self.value = value }
        func checkpointState() -> JSONValue { .int(value) }
        func restore(from state: JSONValue) { value = state.intValue ?? -1 }
    }

    private static func names(_ folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }

    private static func state(_ step: Int) -> CheckpointStore.State {
        CheckpointStore.State(step: step, records: RunRecorder.Position())
    }

    @Test func theLatestAndTheBestStay() async throws {
        let scratch = try ScratchFolder()
        let store = CheckpointStore(folder: scratch.url.appending(path: "c"), keep: 2)
        for (step, best) in [(1, 1), (2, 1), (3, 1), (4, 1)] {
            _ = try await store.write(Weights(), state: Self.state(step), retaining: best)
        }
        #expect(try Self.names(store.folder) == ["step-000001", "step-000003", "step-000004"])
        // A new best lets the old one go.
        _ = try await store.write(Weights(), state: Self.state(5), retaining: 5)
        #expect(try Self.names(store.folder) == ["step-000004", "step-000005"])
        #expect(try store.latest()?.state.step == 5)
    }

    @Test func partsAreRestoredAndWeightsCopiedWithoutTheRest() async throws {
        let scratch = try ScratchFolder()
        let store = CheckpointStore(folder: scratch.url.appending(path: "c"), keep: 2)
        let folder = try await store.write(
            Weights(text: "seven"), state: Self.state(7), parts: [Counter(41)])
        let counter = Counter()
        try await store.restore([counter], from: folder)
        #expect(await counter.value == 41)

        let result = scratch.url.appending(path: "result")
        try FileManager.default.createDirectory(at: result, withIntermediateDirectories: true)
        try store.copyWeights(ofStep: 7, to: result)
        #expect(try Self.names(result) == ["weights"])
        let text = try String(contentsOf: result.appending(path: "weights"), encoding: .utf8)
        #expect(text == "seven")
    }

    @Test func whatAKilledProcessLeftIsNoCheckpointAndGoesAway() async throws {
        let scratch = try ScratchFolder()
        try scratch.file("c/.step-000009.partial/weights", "half")
        try scratch.file("c/.step-000001.removed/weights", "half")
        let store = CheckpointStore(folder: scratch.url.appending(path: "c"), keep: 1)
        #expect(try store.latest() == nil)
        _ = try await store.write(Weights(), state: Self.state(2))
        #expect(try Self.names(store.folder) == ["step-000002"])
    }

    @Test func aWriteThatFailsLeavesNothing() async throws {
        struct FullDisk: PersistentPolicy {
            func writeWeights(to folder: URL) throws {
                try Data("half".utf8).write(to: folder.appending(path: "weights"))
            }
            func writeTrainingState(to folder: URL) throws {
                throw RunFolderError.write(path: "x", reason: "no space left on device")
            }
        }
        let scratch = try ScratchFolder()
        let store = CheckpointStore(folder: scratch.url.appending(path: "c"), keep: 1)
        _ = try await store.write(Weights(), state: Self.state(1))
        await #expect(throws: RunFolderError.self) {
            try await store.write(FullDisk(), state: Self.state(2))
        }
        #expect(try Self.names(store.folder) == ["step-000001"])
    }
}
