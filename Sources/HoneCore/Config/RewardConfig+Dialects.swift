import OrderedCollections

extension RewardConfig {
    /// Reads a list of reward functions, or a mapping in one of two other dialects: SeekrFlow's
    /// `reward_components` (a mapping with `graders`), and one grader of OpenAI (a mapping with `type`).
    public static func readList(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> [RewardConfig]? {
        guard let members = json.objectValue else { return readItems(json, at: path, &problems) }
        if members["type"] != nil {
            return RewardConfig.read(json, at: path, &problems).map { [$0] }
        }
        if members["graders"] != nil {
            return SeekrFlowRewards.read(json, at: path, &problems)?.rewards
        }
        problems.append(
            ConfigProblem(
                path,
                "expected a list of reward functions, one grader of OpenAI (a mapping with type) or "
                    + "SeekrFlow's reward_components (a mapping with graders), found a mapping with "
                    + (members.isEmpty ? "nothing" : members.keys.joined(separator: ", "))))
        return nil
    }
}
