import HoneCore
import OrderedCollections

/// In a recipe: `whole`, `last_line`, `last_number`, `{tag: answer, occurrence: last}` or
/// `{after: "####"}`.
extension AnswerExtraction: ConfigValue {
    static let summary =
        "Where the answer is: whole, last_line, last_number, {tag: NAME, occurrence: first|last|only}"
        + " or {after: MARKER}, which takes the rest of the line after the last marker."

    private static let words: [String: AnswerExtraction] = [
        "whole": .whole, "last_line": .lastLine, "last_number": .lastNumber,
    ]

    public static let form = ConfigForm.either([
        .choice(["whole", "last_line", "last_number"]),
        .section(
            summary: "a tag", keys: TagPlace.fields.map(\.described), isOpen: false),
        .section(
            summary: "a marker", keys: MarkerPlace.fields.map(\.described), isOpen: false),
    ])

    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> AnswerExtraction? {
        switch json {
        case .string(let word):
            if let extraction = words[word] { return extraction }
            let near = KeySuggestion.nearest(to: word, among: Array(words.keys))
            problems.append(
                ConfigProblem(
                    path,
                    "expected whole, last_line, last_number, {tag: NAME} or {after: MARKER}, found "
                        + word + (near.map { "; did you mean \($0)?" } ?? "")))
            return nil
        case .object(let members) where members.keys.contains("after"):
            return MarkerPlace.read(json, at: path, &problems).map { .after($0.after) }
        case .object:
            return TagPlace.read(json, at: path, &problems).map { .tag($0.tag.text, $0.occurrence) }
        default:
            problems.append(ConfigProblem(path, "expected a word or a mapping, found \(json.kind)"))
            return nil
        }
    }

    public var configJSON: JSONValue {
        switch self {
        case .whole: "whole"
        case .lastLine: "last_line"
        case .lastNumber: "last_number"
        case .tag(let name, let occurrence):
            ["tag": .string(name), "occurrence": .string(occurrence.rawValue)]
        case .after(let marker): ["after": .string(marker)]
        }
    }
}

private struct TagPlace: ConfigSection {
    var tag = TagName("answer")
    var occurrence: AnswerExtraction.Occurrence = .last

    static let defaults = TagPlace()
    static let summary = "The content of a tag."
    static let fields: [ConfigField<TagPlace>] = [
        .required("tag", \.tag, "Name of the tag, without brackets."),
        ConfigField("occurrence", \.occurrence, "Which of several; only: there must be one."),
    ]
}

private struct MarkerPlace: ConfigSection {
    var after = ""

    static let defaults = MarkerPlace()
    static let summary = "The rest of the line after a marker."
    static let fields: [ConfigField<MarkerPlace>] = [
        .required("after", \.after, "The marker, as ####.", .notEmpty)
    ]
}
