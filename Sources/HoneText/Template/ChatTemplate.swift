import Foundation
import HoneCore
import OrderedCollections

/// Turns a conversation into the text a model was trained to read.
///
/// The template is Jinja as `transformers` sets it up: the immutable sandbox of jinja2 with
/// `trim_blocks` and `lstrip_blocks`, loop controls, the `generation` tag, `tojson`,
/// `raise_exception` and `strftime_now`. It is parsed once and can be rendered from any thread.
///
/// Source: `apply_chat_template` and `chat_template_utils.py` of transformers 5.23. What differs:
/// integers are 64 bits wide; loops, calls and sizes have bounds; what would print a memory address
/// or a random choice is an error.
public struct ChatTemplate: Sendable {
    /// The template's text.
    public let source: String
    /// Where it came from, for messages.
    public let name: String?
    /// What the template sees beside the messages: `bos_token`, `eos_token` and their like.
    public var variables: JSONObject
    /// What `strftime_now` tells.
    public var clock: TemplateClock
    /// What rendering may take.
    var limits = TemplateLimits.standard
    private let program: TemplateProgram

    /// Reads a template.
    /// - Throws: ``TemplateError`` with line and column where it is not well formed.
    public init(
        source: String, name: String? = nil, variables: JSONObject = [:],
        clock: TemplateClock = .system
    ) throws(TemplateError) {
        self.source = source
        self.name = name
        self.variables = variables
        self.clock = clock
        do {
            program = try TemplateProgram(source: source)
        } catch {
            throw Self.naming(error, name)
        }
    }

    private static func naming(_ error: TemplateError, _ name: String?) -> TemplateError {
        var error = error
        error.template = error.template ?? name
        return error
    }

    /// The text of a conversation.
    ///
    /// - Parameters:
    ///   - messages: objects with `role`, `content` and whatever else the template knows. Members
    ///     that are null are left out, and `reasoning_content`, `thinking` and `reasoning` stand in
    ///     for each other, both as transformers does it.
    ///   - addGenerationPrompt: whether the text ends with the opening of the assistant's turn.
    ///   - continueFinalMessage: whether the text ends inside of the last message, so that a
    ///     completion goes on with it.
    ///   - tools: JSON schemas of functions the model may call; `nil` where there are none.
    ///   - documents: objects with `title` and `text`.
    ///   - extra: further variables of the template; they override ``variables``.
    /// - Throws: ``TemplateError`` where the template fails or refuses the conversation.
    public func render(
        messages: [JSONValue], addGenerationPrompt: Bool = false,
        continueFinalMessage: Bool = false, tools: [JSONValue]? = nil,
        documents: [JSONValue]? = nil, variables extra: JSONObject = [:]
    ) throws(TemplateError) -> String {
        do {
            return try text(
                messages, addGenerationPrompt, continueFinalMessage, tools, documents, extra)
        } catch {
            throw Self.naming(error, name)
        }
    }

    private func text(
        _ messages: [JSONValue], _ addGenerationPrompt: Bool, _ continueFinalMessage: Bool,
        _ tools: [JSONValue]?, _ documents: [JSONValue]?, _ extra: JSONObject
    ) throws(TemplateError) -> String {
        guard !messages.isEmpty else {
            throw TemplateError(
                .value,
                "Cannot apply chat template to an empty conversation. Provide at least one message."
            )
        }
        guard !(addGenerationPrompt && continueFinalMessage) else {
            throw TemplateError(
                .value,
                "continue_final_message and add_generation_prompt are not compatible: the first "
                    + "continues the last message, the second begins a new one.")
        }
        guard tools?.allSatisfy({ $0.objectValue != nil }) ?? true else {
            throw TemplateError(.value, "tools must be objects: the JSON schemas of functions")
        }
        guard documents?.allSatisfy({ $0.objectValue != nil }) ?? true else {
            throw TemplateError(.type, "documents must be objects with 'title' and 'text'")
        }
        var conversation = try messages.map { (message) throws(TemplateError) in
            try Self.prepared(message)
        }
        let continued =
            continueFinalMessage
            ? try ContinuedMessage(marking: &conversation, template: source) : nil
        var values: [String: TemplateValue] = [:]
        for (name, value) in variables { values[name] = TemplateValue(value) }
        for (name, value) in extra { values[name] = TemplateValue(value) }
        values["messages"] = TemplateValue(.array(conversation))
        values["tools"] = tools.map { TemplateValue(.array($0)) } ?? TemplateValue.none
        values["documents"] = documents.map { TemplateValue(.array($0)) } ?? TemplateValue.none
        values["add_generation_prompt"] = .bool(addGenerationPrompt)
        let interpreter = TemplateInterpreter(
            program, variables: values, clock: clock, limits: limits)
        let rendered = try interpreter.render()
        return try continued?.cut(rendered) ?? rendered
    }

    /// A message as the template gets it.
    private static func prepared(_ message: JSONValue) throws(TemplateError) -> JSONValue {
        guard case .object(let members) = message else {
            throw TemplateError(
                .type, "a chat message must be an object with role and content, not \(message.kind)"
            )
        }
        var result = members
        if members.values.contains(.null) { result = members.filter { !$0.value.isNull } }
        let reasoning = ["reasoning_content", "thinking", "reasoning"].lazy
            .compactMap { result[$0] }.first
        if let reasoning {
            if result["thinking"] == nil {
                result.updateValue(reasoning, forKey: "thinking", insertingAt: 0)
            }
            result["reasoning_content"] = reasoning
        }
        return .object(result)
    }
}
