import HoneCore
import OrderedCollections

/// In a recipe: `whole`, `last_line`, `last_number`, `boxed`, `code_block`, `{tag: answer, occurrence: last}`,
/// `{after: "####"}`, `{pattern: "is (\\d+)", group: 1}`, or a list of these, of which the first that finds
/// an answer counts.
extension AnswerExtraction: ConfigValue {
    static let summary =
        "Where the answer is: whole, last_line, last_number, boxed (the last \\boxed{}), code_block (the last ``` block), {tag: NAME, "
        + "occurrence: first|last|only}, {after: MARKER}, which takes the rest of the line after the last "
        + "marker, {pattern: REGEX, group: N}, which takes the last match; or a list of these, of which "
        + "the first that finds an answer counts."

    private static let words: [String: AnswerExtraction] = [
        "whole": .whole, "last_line": .lastLine, "last_number": .lastNumber, "boxed": .boxed,
        "code_block": .codeBlock,
    ]

    private static let single = ConfigForm.either([
        .choice(["whole", "last_line", "last_number", "boxed", "code_block"]),
        .section(
            summary: "a tag", keys: TagPlace.fields.map(\.described), isOpen: false),
        .section(
            summary: "a marker", keys: MarkerPlace.fields.map(\.described), isOpen: false),
        .section(
            summary: "a pattern", keys: DeclaredPatternPlace.fields.map(\.described),
            isOpen: false),
    ])

    public static var form: ConfigForm { single }

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
                    "expected whole, last_line, last_number, boxed, code_block, {tag: NAME}, {after: MARKER} or "
                        + "{pattern: REGEX}, found " + word
                        + (near.map { "; did you mean \($0)?" } ?? "")))
            return nil
        case .object(let members) where members.keys.contains("after"):
            return MarkerPlace.read(json, at: path, &problems).map { .after($0.after) }
        case .object(let members) where members.keys.contains("pattern"):
            return DeclaredPatternPlace.read(json, at: path, &problems).flatMap(\.place)
                .map(AnswerExtraction.pattern)
        case .object:
            return TagPlace.read(json, at: path, &problems).map { .tag($0.tag.text, $0.occurrence) }
        case .array:
            return readItems(json, at: path, &problems).map(AnswerExtraction.firstFound)
        default:
            problems.append(
                ConfigProblem(path, "expected a word, a mapping or a list, found \(json.kind)"))
            return nil
        }
    }

    public var configJSON: JSONValue {
        switch self {
        case .whole: "whole"
        case .lastLine: "last_line"
        case .lastNumber: "last_number"
        case .boxed: "boxed"
        case .codeBlock: "code_block"
        case .tag(let name, let occurrence):
            ["tag": .string(name), "occurrence": .string(occurrence.rawValue)]
        case .after(let marker): ["after": .string(marker)]
        case .pattern(let place):
            ["pattern": .string(place.pattern.source), "group": .int(place.group)]
        case .firstFound(let places): .array(places.map(\.configJSON))
        }
    }
}

private struct DeclaredPatternPlace: ConfigSection {
    var pattern: DeclaredPattern?
    var group: Int?

    /// The group asked for; else the first if there is one, else the whole match.
    var place: PatternPlace? {
        pattern.map { PatternPlace($0.pattern, group: group ?? min($0.pattern.groups, 1)) }
    }

    static let defaults = DeclaredPatternPlace()
    static let summary = "What the last match of a regular expression captured."
    static let fields: [ConfigField<DeclaredPatternPlace>] = [
        .required("pattern", \.pattern, "The regular expression (PCRE2)."),
        .optional(
            "group", \.group,
            "Which group; 0 is the whole match. Default: the first group, without groups the whole.",
            .atLeast(0)),
    ]
    static let checks: [ConfigCheck<DeclaredPatternPlace>] = [
        ConfigCheck("group", "pattern") { declared, _ in
            guard let pattern = declared.pattern?.pattern, let group = declared.group,
                group > pattern.groups
            else { return nil }
            return "the pattern has \(pattern.groups) groups, so there is no group \(group)"
        }
    ]
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
