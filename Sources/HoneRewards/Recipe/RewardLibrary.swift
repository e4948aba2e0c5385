import Foundation
import HoneCore

/// The reward functions this program brings: checks recipes and makes rubrics of them.
public struct RewardLibrary: RewardCatalog {
    /// Where relative paths of reward files begin: the recipe's folder.
    public var folder: URL
    /// Told before work that may take minutes: making an environment of declared packages.
    public var tell: @Sendable (String) -> Void

    /// - Parameters:
    ///   - folder: where relative paths of reward files begin.
    ///   - tell: told before work that may take minutes.
    public init(folder: URL, tell: @escaping @Sendable (String) -> Void = { _ in }) {
        self.folder = folder
        self.tell = tell
    }

    public func check(
        _ reward: RewardConfig, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) {
        guard let type = RewardType.named(reward.type, at: path, &problems) else { return }
        _ = type.options.decode(reward.options, at: path, &problems)
    }

    /// The rubric that `rewards` declare, ready to grade: reward files are loaded.
    /// - Parameters:
    ///   - rewards: the declarations.
    ///   - file: the recipe or grading file as the user named it, for error messages.
    ///   - log: is told of every call.
    /// - Throws: `ConfigError` with every problem of the declarations, then ``RewardError``
    ///   for an interpreter or a reward file that does not work.
    public func rubric(
        of rewards: [RewardConfig], file: String, log: (any RewardLog)? = nil
    ) async throws -> Rubric {
        var problems: [ConfigProblem] = []
        var declared: [(RewardConfig, any ConfigSection)] = []
        for (index, reward) in rewards.enumerated() {
            let path = ConfigPath("rewards").index(index)
            guard let type = RewardType.named(reward.type, at: path, &problems) else { continue }
            declared.append((reward, type.options.decode(reward.options, at: path, &problems)))
        }
        guard problems.isEmpty else { throw ConfigError(file: file, problems: problems) }
        var python = PythonRewardBuilder(folder: folder, tell: tell)
        for case (let reward, let options as PythonRewardOptions) in declared {
            python.add(options, name: reward.name, timeout: reward.timeout)
        }
        let built = try await python.build()
        return try Rubric(
            declared.map { reward, options in
                let function: any RewardFunction =
                    if let options = options as? any DeclaredReward {
                        options.function(name: reward.name)
                    } else if let options = options as? JudgeOptions {
                        try options.function(name: reward.name, timeout: reward.timeout)
                    } else if let function = built.functions[reward.name] {
                        function
                    } else {
                        preconditionFailure("no function for reward type \(reward.type)")
                    }
                return Rubric.Item(
                    function, weight: reward.weight, failurePolicy: reward.onError,
                    maxFailureShare: reward.maxFailureShare)
            }, log: log, notices: built.notices)
    }
}
