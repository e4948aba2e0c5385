import Foundation
import HoneCore
import OrderedCollections

/// Why a model folder gives no chat template.
public enum ChatTemplateFolderError: Error, Sendable, CustomStringConvertible {
    /// None of the places that may hold one does.
    case none(folder: String)
    case unknownName(String, available: [String], folder: String)
    /// Several templates and none of them called `default`.
    case noDefault(available: [String], folder: String)
    case unreadable(path: String, reason: String)
    case malformed(path: String, reason: String)

    public var description: String {
        switch self {
        case .none(let folder):
            "\(folder) has no chat template: neither chat_template.jinja, nor "
                + "additional_chat_templates/, nor 'chat_template' in tokenizer_config.json or "
                + "chat_template.json. Give prompts as text, or add a chat_template.jinja."
        case .unknownName(let name, let available, let folder):
            "\(folder) has no chat template named '\(name)'; it has: "
                + available.joined(separator: ", ")
        case .noDefault(let available, let folder):
            "\(folder) has several chat templates and none is the default; name one of: "
                + available.joined(separator: ", ")
        case .unreadable(let path, let reason): "\(path): \(reason)"
        case .malformed(let path, let reason): "\(path): \(reason)"
        }
    }
}

/// The chat templates of a model folder, by name, and the special tokens they may print.
///
/// As in transformers, files (`chat_template.jinja`, which is called `default`, and
/// `additional_chat_templates/NAME.jinja`) come before `chat_template` in `tokenizer_config.json`,
/// which is one template or a list of `{"name", "template"}`. The `chat_template.json` of older
/// folders is read where there is nothing else.
public struct ChatTemplateSet: Sendable {
    /// The templates' texts in the order they were found.
    public let sources: OrderedDictionary<String, String>
    /// `bos_token`, `eos_token` and every other `…_token` the folder names.
    public let specialTokens: JSONObject
    private let folder: String
    private let origins: [String: String]

    /// - Throws: ``ChatTemplateFolderError`` where the folder has no template or a file cannot be
    ///   understood.
    public init(folder: URL) throws(ChatTemplateFolderError) {
        self.folder = folder.path
        let config = try Self.document(folder.appending(path: "tokenizer_config.json"))
        specialTokens = try Self.specialTokens(config, folder)
        var sources = OrderedDictionary<String, String>()
        var origins: [String: String] = [:]
        func add(_ name: String, _ text: String, from path: String) {
            sources[name] = text
            origins[name] = path
        }
        let main = folder.appending(path: "chat_template.jinja")
        if let text = try Self.text(main) { add("default", text, from: main.path) }
        let more = folder.appending(path: "additional_chat_templates")
        let files =
            (try? FileManager.default.contentsOfDirectory(
                at: more, includingPropertiesForKeys: nil)) ?? []
        for file in files.sorted(by: { $0.path < $1.path }) where file.pathExtension == "jinja" {
            guard let text = try Self.text(file) else { continue }
            add(file.deletingPathExtension().lastPathComponent, text, from: file.path)
        }
        for file in ["tokenizer_config.json", "chat_template.json"] where sources.isEmpty {
            let url = folder.appending(path: file)
            let document = file == "tokenizer_config.json" ? config : try Self.document(url)
            guard let value = document?["chat_template"] else { continue }
            for (name, text) in try Self.templates(value, path: url.path) {
                add(name, text, from: "\(url.path): chat_template")
            }
        }
        guard !sources.isEmpty else { throw .none(folder: folder.path) }
        self.sources = sources
        self.origins = origins
    }

    /// One of the templates, parsed.
    ///
    /// - Parameters:
    ///   - name: its name; `nil` for the one to use by default.
    ///   - withTools: whether tools will be given, for which a template called `tool_use` is there.
    ///   - clock: what `strftime_now` tells.
    /// - Throws: ``ChatTemplateFolderError`` for a name the folder does not have;
    ///   ``TemplateError`` where the template is not well formed.
    public func template(
        named name: String? = nil, withTools: Bool = false, clock: TemplateClock = .system
    ) throws -> ChatTemplate {
        let chosen = try self.name(name, withTools: withTools)
        return try ChatTemplate(
            source: sources[chosen] ?? "", name: origins[chosen], variables: specialTokens,
            clock: clock)
    }

    /// The name of the template that ``template(named:withTools:clock:)`` would take.
    public func name(
        _ name: String?, withTools: Bool
    ) throws(ChatTemplateFolderError) -> String {
        if let name {
            guard sources[name] != nil else {
                throw .unknownName(name, available: Array(sources.keys), folder: folder)
            }
            return name
        }
        if withTools, sources["tool_use"] != nil { return "tool_use" }
        guard sources["default"] != nil else {
            throw .noDefault(available: Array(sources.keys), folder: folder)
        }
        return "default"
    }

    // MARK: Reading

    /// A file's text; `nil` if there is no such file.
    private static func text(_ url: URL) throws(ChatTemplateFolderError) -> String? {
        let data: Data
        do throws(PlainFile.Problem) {
            data = try PlainFile.contents(of: url)
        } catch {
            if error.kind == .absent { return nil }
            throw .unreadable(path: url.path, reason: error.reason)
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw .malformed(path: url.path, reason: "not valid UTF-8")
        }
        return text
    }

    private static func document(_ url: URL) throws(ChatTemplateFolderError) -> JSONValue? {
        guard let text = try text(url) else { return nil }
        do {
            return try JSONValue(parsing: text)
        } catch {
            throw .malformed(path: url.path, reason: "\(error)")
        }
    }

    private static func templates(
        _ value: JSONValue, path: String
    ) throws(ChatTemplateFolderError) -> [(String, String)] {
        switch value {
        case .null: return []
        case .string(let text): return [("default", text)]
        case .array(let entries):
            var templates: [(String, String)] = []
            for (index, entry) in entries.enumerated() {
                guard let name = entry["name"]?.stringValue,
                    let text = entry["template"]?.stringValue
                else {
                    throw .malformed(
                        path: path,
                        reason: "chat_template[\(index)] must be an object with 'name' and "
                            + "'template'")
                }
                templates.append((name, text))
            }
            return templates
        case .object(let members):
            var templates: [(String, String)] = []
            for (name, text) in members {
                guard let text = text.stringValue else {
                    throw .malformed(
                        path: path, reason: "chat_template.\(name) must be text")
                }
                templates.append((name, text))
            }
            return templates
        default:
            throw .malformed(
                path: path, reason: "'chat_template' must be text or a list, not \(value.kind)")
        }
    }

    /// The tokens by name. A folder whose configuration lists no added tokens is an older one,
    /// whose `special_tokens_map.json` has the last word.
    private static func specialTokens(
        _ config: JSONValue?, _ folder: URL
    ) throws(ChatTemplateFolderError) -> JSONObject {
        var tokens = JSONObject()
        func read(_ document: JSONValue?) {
            for (name, value) in document?.objectValue ?? [:] where name.hasSuffix("_token") {
                // Either text or an object that describes an added token.
                if let text = value.stringValue ?? value["content"]?.stringValue {
                    tokens[name] = .string(text)
                }
            }
            for (name, value) in document?["extra_special_tokens"]?.objectValue ?? [:] {
                if let text = value.stringValue ?? value["content"]?.stringValue {
                    tokens[name] = .string(text)
                }
            }
        }
        read(config)
        if config?["added_tokens_decoder"] == nil {
            read(try document(folder.appending(path: "special_tokens_map.json")))
        }
        return tokens
    }
}

extension ChatTemplate {
    /// Reads the chat template of a model folder; see ``ChatTemplateSet``.
    /// - Parameters:
    ///   - folder: a model folder in Hugging Face layout.
    ///   - name: which template, where the folder has several.
    ///   - clock: what `strftime_now` tells.
    public init(folder: URL, name: String? = nil, clock: TemplateClock = .system) throws {
        self = try ChatTemplateSet(folder: folder).template(named: name, clock: clock)
    }
}
