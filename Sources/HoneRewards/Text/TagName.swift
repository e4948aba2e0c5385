import HoneCore

/// The name of a tag, without brackets: `answer` for `<answer>…</answer>`.
public struct TagName: ConfigValue {
    public let text: String

    public init(_ text: String) { self.text = text }

    public static let form = ConfigForm.value("a tag's name without brackets")

    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> TagName? {
        guard let text = json.stringValue, !text.isEmpty,
            !text.contains(where: { "<>/".contains($0) || $0.isWhitespace })
        else {
            problems.append(ConfigProblem(path, "expected \(form.text), found \(json.text())"))
            return nil
        }
        return TagName(text)
    }

    public var configJSON: JSONValue { .string(text) }
}
