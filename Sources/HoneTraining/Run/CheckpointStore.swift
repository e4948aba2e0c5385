import Foundation
import HoneCore

/// The checkpoints of a run: `checkpoints/step-000050` and so on.
///
/// A checkpoint is written into a hidden folder, made durable, and renamed: whoever sees a folder
/// named `step-…` sees a complete one, whenever the process was killed.
public struct CheckpointStore: Sendable {
    public let folder: URL
    /// How many of the latest checkpoints stay; older ones are removed after a new one is complete.
    public let keep: Int

    public init(folder: URL, keep: Int) {
        self.folder = folder
        self.keep = keep
    }

    /// What a checkpoint knows besides weights and optimiser.
    public struct State: Sendable, Hashable, Codable {
        public var step: Int
        public var records: RunRecorder.Position

        public init(step: Int, records: RunRecorder.Position) {
            self.step = step
            self.records = records
        }
    }

    /// Writes a checkpoint of `policy` and returns its folder.
    public func write(_ policy: any PersistentPolicy, state: State) async throws -> URL {
        let final = folder.appending(path: name(of: state.step))
        try await DurableFolder.write(final) { partial in
            try await policy.writeWeights(to: partial)
            try await policy.writeTrainingState(to: partial)
            try JSONEncoder().encode(state).write(to: partial.appending(path: "state.json"))
        }
        for old in try complete().dropLast(keep) {
            try FileManager.default.removeItem(at: old.folder)
        }
        return final
    }

    /// The latest complete checkpoint.
    public func latest() throws -> (state: State, folder: URL)? {
        guard let last = try complete().last else { return nil }
        let data = try Data(contentsOf: last.folder.appending(path: "state.json"))
        return (try JSONDecoder().decode(State.self, from: data), last.folder)
    }

    private func name(of step: Int) -> String {
        let digits = String(step)
        return "step-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }

    /// Complete checkpoints by step.
    private func complete() throws -> [(step: Int, folder: URL)] {
        guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .compactMap { name in
                guard name.hasPrefix("step-"), let step = Int(name.dropFirst(5)) else { return nil }
                return (step, folder.appending(path: name))
            }
            .sorted { $0.0 < $1.0 }
    }
}
