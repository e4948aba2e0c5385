import Foundation
import HoneCore

/// Changes of reward functions, handed to a run and answered through its folder, without a network.
///
/// A proposal is a file in `inbox`, written beside and renamed into place; the process that trains
/// answers with a file of the same name in `answers` and takes the proposal away with its final answer. So
/// a proposal survives the death of either side: a run that was killed finds it when it is resumed. The
/// answers stay, also to proposals that came another way: they are the run's record of what was tried.
public struct RewardMailbox: Sendable {
    /// `rewards` in the run's folder.
    public let folder: URL

    private var inbox: URL { folder.appending(path: "inbox") }
    private var answers: URL { folder.appending(path: "answers") }

    public init(_ folder: URL) { self.folder = folder }

    /// An id that sorts behind those that were made before.
    public static func newID(at time: Date = Date()) -> String {
        let milliseconds = String(Int(time.timeIntervalSince1970 * 1000))
        let chance = String(UInt32.random(in: 0 ... .max), radix: 36)
        return milliseconds + "-" + chance
    }

    /// When the proposal with that id was made; `nil` for an id that ``newID(at:)`` has not made.
    public static func time(of id: String) -> Date? {
        let digits = id.prefix { $0 != "-" }
        guard digits.count < id.count, let milliseconds = Double(digits) else { return nil }
        return Date(timeIntervalSince1970: milliseconds / 1000)
    }

    /// Hands `proposal` to the run.
    public func post(_ proposal: RewardProposal) throws {
        try write(Data((proposal.json.text() + "\n").utf8), to: inbox, as: proposal.id)
    }

    /// Ids of proposals without a final answer, in their order.
    public func waiting() throws -> [String] {
        guard FileManager.default.fileExists(atPath: inbox.path) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: inbox.path)
            .filter { $0.hasSuffix(".json") && !$0.hasPrefix(".") }
            .map { String($0.dropLast(5)) }.sorted()
    }

    /// The proposal with that id.
    public func proposal(_ id: String) throws -> RewardProposal {
        let data = try Data(contentsOf: inbox.appending(path: "\(id).json"))
        let proposal = try RewardProposal(json: JSONValue(parsing: [UInt8](data)))
        // Answers go by the id, so it must not name a file elsewhere.
        guard proposal.id == id else {
            throw RewardRecordError.unreadable("a proposal in \(id).json with another id")
        }
        return proposal
    }

    /// Keeps the answer, in place of the former one to the same proposal; the proposal is taken away if
    /// the answer is final.
    public func answer(_ answer: RewardAnswer) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let whole = answer.keeping(try self.answer(to: answer.id))
        try write(encoder.encode(whole), to: answers, as: answer.id)
        guard answer.state.isFinal else { return }
        try withdraw(answer.id)
    }

    /// Takes the proposal away unanswered.
    public func withdraw(_ id: String) throws {
        let file = inbox.appending(path: "\(id).json")
        guard FileManager.default.fileExists(atPath: file.path) else { return }
        try FileManager.default.removeItem(at: file)
    }

    /// The latest answer to the proposal with that id, if there is one.
    public func answer(to id: String) throws -> RewardAnswer? {
        let file = answers.appending(path: "\(id).json")
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        return try JSONDecoder().decode(RewardAnswer.self, from: Data(contentsOf: file))
    }

    /// The latest answer to every proposal that was answered, in the order in which they were made.
    public func allAnswers() throws -> [RewardAnswer] {
        guard FileManager.default.fileExists(atPath: answers.path) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: answers.path)
            .filter { $0.hasSuffix(".json") && !$0.hasPrefix(".") }.sorted()
            .compactMap { try answer(to: String($0.dropLast(5))) }
    }

    private func write(_ data: Data, to folder: URL, as id: String) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // Foundation writes a file of another name first and renames it.
        try data.write(to: folder.appending(path: "\(id).json"), options: .atomic)
    }
}

/// The rewards of a run that another process trains, reached through its mailbox.
public struct RemoteRewards: RewardControl {
    private let mailbox: RewardMailbox
    private let lock: RunLock

    /// - Parameter run: the run's folder.
    public init(_ run: RunFolder) {
        mailbox = RewardMailbox(run.rewards)
        lock = RunLock(run)
    }

    public func changes() throws -> [RewardChange] {
        try RewardArchive.changes(in: mailbox.folder)
    }

    /// Hands the proposal over and waits for answers, until the final one or until the process that
    /// trains has gone; then the proposal waits for `hone train --resume`.
    public func propose(
        _ proposal: RewardProposal, told: @escaping @Sendable (RewardAnswer) async -> Void
    ) async throws {
        try mailbox.post(proposal)
        var last: RewardAnswer?
        while true {
            // Asked before the answer is looked for: the last answer of a process that goes is seen.
            let isAlive = lock.isHeldByAnother
            if let answer = try mailbox.answer(to: proposal.id), answer != last {
                last = answer
                await told(answer)
                if answer.state.isFinal { return }
            }
            guard isAlive else { return }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
