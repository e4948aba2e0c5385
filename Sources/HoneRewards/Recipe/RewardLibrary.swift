import Foundation
import HoneCore
import OrderedCollections

/// The reward functions this program brings: checks recipes and makes rubrics of them.
public struct RewardLibrary: RewardCatalog {
    /// Where relative paths of reward files begin: the recipe's folder.
    public var folder: URL
    /// Told before work that may take minutes: making an environment of declared packages.
    public var tell: @Sendable (String) -> Void
    /// The model that training began with, for functions that ask it; `nil` where there is none.
    public var reference: ReferenceSlot?
    /// Where keys and addresses of servers are found.
    public var environment: [String: String]

    /// - Parameters:
    ///   - folder: where relative paths of reward files begin.
    ///   - tell: told before work that may take minutes.
    ///   - reference: the model that training began with, for functions that ask it.
    ///   - environment: where keys and addresses of servers are found.
    public init(
        folder: URL, tell: @escaping @Sendable (String) -> Void = { _ in },
        reference: ReferenceSlot? = nil,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        self.folder = folder
        self.tell = tell
        self.reference = reference
        self.environment = environment
    }

    public func check(
        _ reward: RewardConfig, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) {
        _ = ReadReward(reward, at: path, &problems)
    }

    /// Appends a problem where the file that `reward` names is not there.
    func checkFile(
        of reward: RewardConfig, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) {
        // The option `file` names a file in every type of reward.
        guard let name = reward.options["file"]?.stringValue else { return }
        let file = PythonRewardBuilder(folder: folder, tell: tell).place(of: name)
        guard !FileManager.default.fileExists(atPath: file) else { return }
        problems.append(ConfigProblem(path.key("file"), "there is no file \(file)"))
    }

    /// The rubric that `rewards` declare, ready to grade: reward files are loaded.
    /// - Parameters:
    ///   - rewards: the declarations.
    ///   - file: the recipe or grading file as the user named it, for error messages.
    ///   - log: is told of every call.
    /// - Throws: `ConfigError` with every problem of the declarations; where there is none,
    ///   ``RewardError`` with every interpreter, reward file, judge and model that does not work.
    public func rubric(
        of rewards: [RewardConfig], file: String, log: (any RewardLog)? = nil
    ) async throws -> Rubric {
        var problems: [ConfigProblem] = []
        var declared: [ReadReward] = []
        for (index, reward) in rewards.enumerated() {
            let path = ConfigPath("rewards").index(index)
            if let read = ReadReward(reward, at: path, &problems) { declared.append(read) }
        }
        guard problems.isEmpty else { throw ConfigError(file: file, problems: problems) }
        var python = PythonRewardBuilder(folder: folder, tell: tell)
        for reward in declared { reward.collect(into: &python) }
        let built = await python.build()
        var faults = built.faults
        let surroundings = RewardSurroundings(environment: environment, reference: reference)
        var items: [Rubric.Item] = []
        for reward in declared where reward.isLoaded(in: built.functions) {
            do throws(RewardError) {
                items.append(
                    Rubric.Item(
                        try await reward.function(built.functions, surroundings),
                        weight: reward.config.weight, failurePolicy: reward.config.onError,
                        maxFailureShare: reward.config.maxFailureShare))
            } catch {
                faults.append(error)
            }
        }
        if let fault = RewardError.all(faults) { throw fault }
        return try Rubric(items, log: log, notices: built.notices)
    }
}
