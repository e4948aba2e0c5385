import HoneCore

/// A regular expression at a key of a recipe.
public struct DeclaredPattern: ConfigValue {
    public let pattern: RewardPattern

    public static let form = ConfigForm.value("a regular expression")

    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> DeclaredPattern? {
        guard let text = json.stringValue else {
            problems.append(ConfigProblem(path, "expected \(form.text), found \(json.kind)"))
            return nil
        }
        do {
            return DeclaredPattern(pattern: try RewardPattern(text))
        } catch {
            problems.append(
                ConfigProblem(
                    path, "is no regular expression: \(error.message) at byte \(error.offset)"))
            return nil
        }
    }

    public var configJSON: JSONValue { .string(pattern.source) }
}

/// A regular expression and which of its groups is meant.
public struct PatternPlace: Sendable, Hashable {
    public var pattern: RewardPattern
    /// 0 is the whole match.
    public var group: Int

    public init(_ pattern: RewardPattern, group: Int = 0) {
        self.pattern = pattern
        self.group = group
    }

    /// What the group holds in the last match in which it took part.
    func lastCapture(in text: String) -> String? {
        let bytes = Array(text.utf8)
        return pattern.matches(in: bytes)?.last { $0[group] != nil }?[group].map(bytes.text)
    }
}
