/// A place in a template, counted from 1; the column counts Unicode scalars.
public struct TemplatePosition: Sendable, Hashable {
    public var line: Int
    public var column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// Why a chat template could not be read or rendered, and where.
///
/// The kinds and messages are those of jinja2 and Python, so that what a person finds about an
/// error of their template applies here too.
public struct TemplateError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Kind: String, Sendable, Hashable {
        /// The template is not well formed.
        case syntax = "TemplateSyntaxError"
        /// A filter or test that does not exist.
        case assertion = "TemplateAssertionError"
        case runtime = "TemplateRuntimeError"
        /// A value that is not there was used for more than printing or asking.
        case undefined = "UndefinedError"
        /// The template called `raise_exception`; the message is its own.
        case raised = "TemplateError"
        /// The sandbox forbids the access.
        case security = "SecurityError"
        case filterArgument = "FilterArgumentError"
        case type = "TypeError"
        case value = "ValueError"
        case key = "KeyError"
        case index = "IndexError"
        case attribute = "AttributeError"
        case zeroDivision = "ZeroDivisionError"
        case overflow = "OverflowError"
        /// A bound on depth, iterations or size was reached.
        case limit = "RecursionError"
        /// jinja2 or Python has it and this interpreter does not.
        case unsupported = "Unsupported"
    }

    public var kind: Kind
    public var message: String
    /// The file or name the template came from, where one is known.
    public var template: String?
    public var position: TemplatePosition?

    public init(
        _ kind: Kind, _ message: String, at position: TemplatePosition? = nil,
        template: String? = nil
    ) {
        self.kind = kind
        self.message = message
        self.position = position
        self.template = template
    }

    public var description: String {
        var place = template ?? "chat template"
        if let position { place += ":\(position.line):\(position.column)" }
        switch kind {
        case .raised: return "\(place): the template says: \(message)"
        case .unsupported: return "\(place): not supported: \(message)"
        default: return "\(place): \(kind.rawValue): \(message)"
        }
    }

    /// This error at `position`, unless an inner expression has already said where it was.
    func located(at position: TemplatePosition) -> TemplateError {
        guard self.position == nil else { return self }
        var error = self
        error.position = position
        return error
    }
}
