import HoneCore
import OrderedCollections

/// The graders of a `multi` grader: a mapping from name to grader, as OpenAI's guide has it; one grader,
/// as its SDK has it; or a list.
public struct DeclaredGraders: Sendable, Hashable {
    public let rewards: [RewardConfig]
    /// The graders with the key they stand at, for messages.
    let places: [ConfigPath]
}

extension DeclaredGraders: ConfigValue {
    public static let form = ConfigForm.value("a mapping from names to graders")

    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> DeclaredGraders? {
        var graders: [(name: String?, json: JSONValue, place: ConfigPath)] = []
        if let items = json.arrayValue {
            graders = items.enumerated().map { (nil, $1, path.index($0)) }
        } else if json["type"]?.stringValue != nil {
            graders = [(nil, json, path)]
        } else if let members = json.objectValue {
            graders = members.map { ($0.key, $0.value, path.key($0.key)) }
        }
        guard !graders.isEmpty else {
            problems.append(ConfigProblem(path, "expected \(form.text), found \(json.kind)"))
            return nil
        }
        var rewards: [RewardConfig] = []
        for (name, json, place) in graders {
            guard var members = json.objectValue else {
                problems.append(ConfigProblem(place, "expected a grader, found \(json.kind)"))
                return nil
            }
            for key in ["weight", "on_error"] where members[key] != nil {
                problems.append(
                    ConfigProblem(
                        place.key(key),
                        "has no meaning within multi, where the formula says what counts"))
            }
            // The formula goes by the key; the grader's own name is for those who read.
            if let name { members["name"] = .string(name) }
            guard let reward = RewardConfig.read(.object(members), at: place, &problems) else {
                return nil
            }
            rewards.append(reward)
        }
        return DeclaredGraders(rewards: rewards, places: graders.map(\.place))
    }

    public var configJSON: JSONValue {
        .array(
            rewards.map { reward in
                guard case .object(var members) = reward.configJSON else { return .null }
                for key in ["weight", "on_error", "max_failure_share"] { members[key] = nil }
                return .object(members)
            })
    }
}
