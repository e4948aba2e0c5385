/// Takes a part of a text column by a pattern.
public struct ExtractStep: ConfigSection {
    public var from = ""
    public var pattern = ""
    /// `nil` puts it where it came from.
    public var to: String?
    public var otherwise: Otherwise = .refuse

    /// What becomes of a row in which there is nothing to take.
    public enum Otherwise: String, ConfigChoice {
        /// It is a bad row.
        case refuse
        /// It is dropped, and counted.
        case drop
        /// Its column becomes null.
        case empty
    }

    public init(from: String, pattern: String, to: String? = nil, otherwise: Otherwise = .refuse) {
        self.from = from
        self.pattern = pattern
        self.to = to
        self.otherwise = otherwise
    }

    private init() {}

    public static let defaults = ExtractStep()
    public static let summary = "Takes a part of a text by a pattern."
    public static let fields: [ConfigField<ExtractStep>] = [
        .required("from", \.from, "Column with the text.", .notEmpty, synonyms: ["column"]),
        .required(
            "pattern", \.pattern,
            "Regular expression (PCRE2, much as Python's re); the first match counts. (?s) lets a "
                + "dot stand for a line break.", .notEmpty, synonyms: ["regex"]),
        .optional("to", \.to, "Column that takes the part. Default: the same column.", .notEmpty),
        ConfigField(
            "otherwise", \.otherwise,
            "A row without a match: refuse it as bad, drop it, or make the column null (empty)."),
    ]
}

/// Replaces what a pattern finds in a text column.
public struct ReplaceStep: ConfigSection {
    public var column = ""
    public var pattern = ""
    public var with = ""

    public init(column: String, pattern: String, with: String) {
        self.column = column
        self.pattern = pattern
        self.with = with
    }

    private init() {}

    public static let defaults = ReplaceStep()
    public static let summary = "Replaces every match of a pattern."
    public static let fields: [ConfigField<ReplaceStep>] = [
        .required("column", \.column, "Column with the text.", .notEmpty),
        .required(
            "pattern", \.pattern, "Regular expression (PCRE2).", .notEmpty, synonyms: ["regex"]),
        .required(
            "with", \.with, "What stands there instead; $1 is the first group, $$ a dollar sign.",
            synonyms: ["replacement"]),
    ]
}

/// Takes a value from inside a list or an object.
public struct PickStep: ConfigSection {
    public var from = ""
    public var to = ""
    public var otherwise: ExtractStep.Otherwise = .refuse

    public init(from: String, to: String, otherwise: ExtractStep.Otherwise = .refuse) {
        self.from = from
        self.to = to
        self.otherwise = otherwise
    }

    private init() {}

    public static let defaults = PickStep()
    public static let summary = "Takes a value from inside a list or an object."
    public static let fields: [ConfigField<PickStep>] = [
        .required(
            "from", \.from,
            "Where it stands: the column, then members and positions from 0, such as "
                + "answers.text[0].", .notEmpty),
        .required("to", \.to, "Column that takes it.", .notEmpty),
        ConfigField(
            "otherwise", \.otherwise,
            "A row without it: refuse it as bad, drop it, or make the column null (empty)."),
    ]
}

/// Makes a text column from a template.
public struct FillStep: ConfigSection {
    public var to = ""
    public var template = ""

    public init(to: String, template: String) {
        self.to = to
        self.template = template
    }

    private init() {}

    public static let defaults = FillStep()
    public static let summary = "Makes a text column from a template."
    public static let fields: [ConfigField<FillStep>] = [
        .required("to", \.to, "Column that takes the text.", .notEmpty),
        .required(
            "template", \.template,
            "The text, with {column} placeholders filled as Python's str() would.",
            synonyms: ["text"]),
    ]

    public static let checks: [ConfigCheck<FillStep>] = [
        ConfigCheck("template") { step, _ in TextTemplate.problem(step.template) }
    ]
}
