import OrderedCollections

extension RewardConfig {
    /// Reads a list of reward functions, or a mapping in one of two other dialects: SeekrFlow's
    /// `reward_components` (a mapping with `graders`), and one grader of OpenAI (a mapping with `type`).
    public static func readList(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> [RewardConfig]? {
        guard let members = json.objectValue else {
            guard let items = json.arrayValue else {
                [RewardConfig].reportMismatch(json, at: path, &problems)
                return nil
            }
            reportRepeatedNames(in: items, at: path, &problems)
            // One that is no mapping keeps its place, so that the others can be checked at theirs.
            return items.enumerated().map { position, item in
                RewardConfig.read(item, at: path.index(position), &problems) ?? .defaults
            }
        }
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

    /// Appends a problem for each function that has the name of an earlier one.
    private static func reportRepeatedNames(
        in list: [JSONValue], at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) {
        var seen: [String: Int] = [:]
        for (position, item) in list.enumerated() {
            guard let name = item["name"]?.stringValue, !name.isEmpty else { continue }
            if let first = seen[name] {
                problems.append(
                    ConfigProblem(
                        path.index(position).key("name"),
                        "\(name) is the name of \(path.index(first)) already; metrics go by name, so "
                            + "rename one"))
            } else {
                seen[name] = position
            }
        }
    }
}

extension ConfigPath {
    /// Whether the reward function that stands here was read as far as its type: without one nothing can be
    /// said of its options.
    public func hasReadableType(_ problems: [ConfigProblem]) -> Bool {
        !problems.contains { $0.path == self || $0.path == key("type") }
    }
}
