import HoneCore

/// Reward functions as a document of their own: a list, one of the other dialects that stand for a list
/// (see `RewardConfig.readList`), or a mapping that has one of these under `rewards`, `grader` (OpenAI's
/// method) or `reward_components` (SeekrFlow's training configuration).
public enum GradingSpec {
    private static let keys = ["rewards", "grader", "reward_components"]

    /// The reward functions that `document` declares.
    /// - Throws: `ConfigError` with every problem and its line.
    public static func rewards(
        of document: ConfigDocument, library: RewardLibrary
    ) throws(ConfigError) -> [RewardConfig] {
        let key = keys.first { document.root[$0] != nil }
        let root = key.map { ConfigPath($0) } ?? .root
        let entries = key.flatMap { document.root[$0] } ?? document.root
        let isDialect = document.root["type"] != nil || document.root["graders"] != nil
        var problems: [ConfigProblem] = []
        var rewards: [RewardConfig] = []
        if key != nil || isDialect || entries.arrayValue != nil {
            let read = [RewardConfig].read(entries, at: root, &problems)
            for (index, reward) in (read ?? []).enumerated() {
                let path = entries["type"] == nil ? root.index(index) : root
                guard path.hasReadableType(problems) else { continue }
                library.check(reward, at: path, &problems)
                library.checkFile(of: reward, at: path, &problems)
            }
            rewards = read ?? []
            if read?.isEmpty == true {
                problems.append(ConfigProblem(root, "no reward function is declared"))
            }
        } else {
            problems.append(
                ConfigProblem(
                    .root,
                    "expected a list of reward functions, a mapping with the key rewards, a grader of "
                        + "OpenAI or SeekrFlow's reward_components, found " + document.root.kind))
        }
        guard problems.isEmpty else {
            for index in problems.indices {
                problems[index].line = document.line(of: problems[index].path)
            }
            throw ConfigError(file: document.file, problems: problems.byLine)
        }
        return rewards
    }
}
