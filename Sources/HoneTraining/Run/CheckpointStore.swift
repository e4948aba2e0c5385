import Foundation
import HoneCore

/// The checkpoints of a run: `checkpoints/step-000050` and so on.
///
/// A checkpoint is written into a hidden folder, made durable, and renamed: whoever sees a folder
/// named `step-…` sees a complete one, whenever the process was killed. Removal works the other way
/// round: renamed first, so that no half of one is left under its name.
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
        /// Names of the files that hold the weights, as others read them.
        public var weights: [String]?

        public init(step: Int, records: RunRecorder.Position) {
            self.step = step
            self.records = records
        }
    }

    /// Writes a checkpoint of `policy` and returns its folder.
    /// - Parameters:
    ///   - policy: Whose weights and optimiser are written.
    ///   - state: How far the run came.
    ///   - parts: Whose state is kept beside the policy's.
    ///   - best: The step of a checkpoint that stays besides the latest; `nil` for none.
    public func write(
        _ policy: any PersistentPolicy, state: State, parts: [any CheckpointPart] = [],
        retaining best: Int? = nil
    ) async throws -> URL {
        let final = folder.appending(path: name(of: state.step))
        try await DurableFolder.write(final) { partial in
            try await policy.writeWeights(to: partial)
            var state = state
            state.weights = try FileManager.default.contentsOfDirectory(atPath: partial.path)
                .sorted()
            try await policy.writeTrainingState(to: partial)
            for part in parts {
                let text = try await part.checkpointState().text() + "\n"
                try Data(text.utf8).write(to: file(of: part, in: partial))
            }
            try JSONEncoder().encode(state).write(to: partial.appending(path: "state.json"))
        }
        for old in try complete().dropLast(keep) where old.step != best {
            try DurableFolder.remove(old.folder)
        }
        try DurableFolder.removeRemains(in: folder)
        return final
    }

    /// The latest complete checkpoint.
    public func latest() throws -> (state: State, folder: URL)? {
        guard let last = try complete().last else { return nil }
        return (try state(in: last.folder), last.folder)
    }

    /// Gives each part the state that the checkpoint in `folder` keeps of it. A part that the
    /// checkpoint does not know begins anew.
    func restore(_ parts: [any CheckpointPart], from folder: URL) async throws {
        for part in parts {
            let file = file(of: part, in: folder)
            guard FileManager.default.fileExists(atPath: file.path) else { continue }
            let data = try Data(contentsOf: file)
            try await part.restore(from: JSONValue(parsing: [UInt8](data)))
        }
    }

    /// Copies the weights of the checkpoint after `step` into `destination`, as they were written.
    func copyWeights(ofStep step: Int, to destination: URL) throws {
        let source = folder.appending(path: name(of: step))
        for name in try state(in: source).weights ?? [] {
            try FileManager.default.copyItem(
                at: source.appending(path: name), to: destination.appending(path: name))
        }
    }

    private func state(in folder: URL) throws -> State {
        let data = try Data(contentsOf: folder.appending(path: "state.json"))
        return try JSONDecoder().decode(State.self, from: data)
    }

    private func file(of part: any CheckpointPart, in folder: URL) -> URL {
        folder.appending(path: "\(part.checkpointName).json")
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
