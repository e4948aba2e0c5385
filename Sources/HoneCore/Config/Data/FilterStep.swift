/// Keeps only the rows that meet every condition it states.
public struct FilterStep: ConfigSection {
    public var column = ""
    public var equals: JSONValue?
    public var notEquals: JSONValue?
    public var oneOf: [JSONValue]?
    public var atLeast: Double?
    public var atMost: Double?
    public var matches: String?
    public var notMatches: String?
    /// Unicode scalars, as Python's `len` counts.
    public var minLength: Int?
    public var maxLength: Int?
    public var present: Bool?

    public init(column: String) { self.column = column }

    private init() {}

    public static let defaults = FilterStep()
    public static let summary =
        "Keeps only rows that meet all its conditions. A row without the column is bad, unless "
        + "present asks for it."
    public static let fields: [ConfigField<FilterStep>] = [
        .required("column", \.column, "Column that is looked at.", .notEmpty),
        .optional("equals", \.equals, "The value, of the same type: 3 is not \"3\"."),
        .optional("not_equals", \.notEquals, "Any other value."),
        .optional("in", \.oneOf, "One of these values.", .notEmpty),
        .optional("at_least", \.atLeast, "A number from here on."),
        .optional("at_most", \.atMost, "A number up to here."),
        .optional(
            "matches", \.matches, "A text in which this pattern (PCRE2) is found.", .notEmpty),
        .optional(
            "not_matches", \.notMatches, "A text in which this pattern is not found.", .notEmpty),
        .optional(
            "min_length", \.minLength,
            "A text of so many characters, or a list of so many items, "
                + "or more.", .atLeast(0)),
        .optional(
            "max_length", \.maxLength,
            "A text of so many characters, or a list of so many items, "
                + "or fewer.", .atLeast(0)),
        .optional(
            "present", \.present,
            "true: the row has the column and it is not null; false: it has not."),
    ]

    /// Keys that state a condition.
    private static let conditions = [
        "equals", "not_equals", "in", "at_least", "at_most", "matches", "not_matches",
        "min_length", "max_length", "present",
    ]

    public static let checks: [ConfigCheck<FilterStep>] = [
        ConfigCheck("column") { _, given in
            guard !conditions.contains(where: given.contains) else { return nil }
            return "states no condition; give one of \(conditions.joined(separator: ", "))"
        },
        ConfigCheck("at_least", "at_most") { step, _ in
            guard let low = step.atLeast, let high = step.atMost, low > high else { return nil }
            return "is \(low), above at_most \(high): no row could pass"
        },
        ConfigCheck("min_length", "max_length") { step, _ in
            guard let low = step.minLength, let high = step.maxLength, low > high else {
                return nil
            }
            return "is \(low), above max_length \(high): no row could pass"
        },
        ConfigCheck("present") { step, given in
            guard step.present == false else { return nil }
            let others = conditions.filter { $0 != "present" && given.contains($0) }
            guard !others.isEmpty else { return nil }
            return "false keeps rows without the column, on which "
                + "\(others.joined(separator: ", ")) can say nothing"
        },
    ]
}
