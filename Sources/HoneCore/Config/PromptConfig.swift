/// How a row becomes a prompt.
///
/// Either the row brings it (column `prompt` with text, or `messages` with a conversation), or the
/// recipe writes it with ``template`` or ``messages``, in which `{name}` stands for the row's column
/// of that name and `{{` for a brace.
public struct PromptConfig: ConfigSection {
    public var column = "prompt"
    public var messagesColumn = "messages"
    public var style: Style?
    public var system: String?
    public var template: String?
    public var prefill: String?
    public var messages: [MessageTemplate]?

    /// What the model is shown.
    public enum Style: String, ConfigChoice {
        /// A conversation, through the model's chat template.
        case chat
        /// The text alone, as the tokenizer encodes any text.
        case text
    }

    public init() {}

    public static let defaults = PromptConfig()
    public static let summary =
        "How a row becomes a prompt. {name} in a template stands for that column of the row."
    public static let fields: [ConfigField<PromptConfig>] = [
        ConfigField(
            "column", \.column, "Column with the prompt's text, when there is no template.",
            .notEmpty),
        ConfigField(
            "messages_column", \.messagesColumn,
            "Column with a conversation (list of {role, content}), when there is no template.",
            .notEmpty),
        .optional(
            "style", \.style,
            "chat: through the model's chat template; text: encoded as it is. Default: chat for "
                + "rows with messages and when system, messages or prefill is given, else text."),
        .optional(
            "system", \.system, "System message before the conversation; may hold placeholders.",
            synonyms: ["system_prompt"]),
        .optional("template", \.template, "The user's message, with {column} placeholders."),
        .optional(
            "prefill", \.prefill,
            "Beginning of the assistant's answer, which the completion continues. Rewards see the "
                + "completion without it."),
        .optional(
            "messages", \.messages,
            "The whole conversation as a list of {role, content} with placeholders; a last message "
                + "of the assistant is a prefill.", .notEmpty,
            synonyms: ["conversation_template"]),
    ]

    public static let checks: [ConfigCheck<PromptConfig>] = [
        ConfigCheck("template") { config, _ in TextTemplate.problem(config.template) },
        ConfigCheck("system") { config, _ in TextTemplate.problem(config.system) },
        ConfigCheck("prefill") { config, _ in TextTemplate.problem(config.prefill) },
        ConfigCheck("messages", "template", "system", "prefill") { config, given in
            guard config.messages != nil else { return nil }
            let others = ["template", "system", "prefill"].filter(given.contains)
            guard !others.isEmpty else { return nil }
            return "says the whole conversation; move \(others.joined(separator: ", ")) into it"
        },
        ConfigCheck("style", "system", "messages") { config, given in
            guard config.style == .text else { return nil }
            let others = ["system", "messages"].filter(given.contains)
            guard !others.isEmpty else { return nil }
            return "text has no turns, so \(others.joined(separator: ", ")) cannot be shown; "
                + "use style: chat or put it into the template"
        },
    ]
}

/// One turn of a conversation template.
public struct MessageTemplate: ConfigSection {
    public var role = ""
    public var content = ""

    public init(role: String, content: String) {
        self.role = role
        self.content = content
    }

    private init() {}

    public static let defaults = MessageTemplate()
    public static let summary = "One turn."
    public static let fields: [ConfigField<MessageTemplate>] = [
        .required("role", \.role, "system, user or assistant.", .notEmpty),
        .required("content", \.content, "Text with {column} placeholders."),
    ]

    public static let checks: [ConfigCheck<MessageTemplate>] = [
        ConfigCheck("content") { config, _ in TextTemplate.problem(config.content) }
    ]
}

/// How a row becomes a supervised completion.
public struct CompletionConfig: ConfigSection {
    public var column = "completion"
    public var template: String?
    public var textColumn = "text"

    public init() {}

    public static let defaults = CompletionConfig()
    public static let summary =
        "What a supervised row teaches: its completion, its conversation, or its whole text."
    public static let fields: [ConfigField<CompletionConfig>] = [
        ConfigField("column", \.column, "Column with the completion's text.", .notEmpty),
        .optional(
            "template", \.template, "The completion, with {column} placeholders.", .notEmpty),
        ConfigField(
            "text_column", \.textColumn,
            "Column of rows that are one text without prompt and completion.", .notEmpty),
    ]

    public static let checks: [ConfigCheck<CompletionConfig>] = [
        ConfigCheck("template") { config, _ in TextTemplate.problem(config.template) }
    ]
}
