import HoneCore

/// The `rewards:` part of a recipe as a document of its own: a list, or a mapping with that key.
public enum GradingSpec {
    /// The reward functions that `document` declares.
    /// - Throws: `ConfigError` with every problem and its line.
    public static func rewards(
        of document: ConfigDocument, library: RewardLibrary
    ) throws(ConfigError) -> [RewardConfig] {
        let isList = document.root.arrayValue != nil
        let root = isList ? ConfigPath.root : ConfigPath("rewards")
        var problems: [ConfigProblem] = []
        var rewards: [RewardConfig] = []
        if let entries = isList ? document.root : document.root["rewards"] {
            let read = [RewardConfig].read(entries, at: root, &problems)
            for (index, reward) in (read ?? []).enumerated() {
                library.check(reward, at: root.index(index), &problems)
            }
            rewards = read ?? []
            if read?.isEmpty == true {
                problems.append(ConfigProblem(root, "no reward function is declared"))
            }
        } else {
            problems.append(
                ConfigProblem(
                    .root,
                    "expected a list of reward functions, or a mapping with the key rewards, found "
                        + document.root.kind))
        }
        guard problems.isEmpty else {
            for index in problems.indices {
                problems[index].line = document.line(of: problems[index].path)
            }
            throw ConfigError(file: document.file, problems: problems)
        }
        return rewards
    }
}
