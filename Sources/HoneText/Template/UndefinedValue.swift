/// A value that is not there. It prints as nothing, is false and has no items; any other use of it
/// is an error that says what was looked for.
indirect enum UndefinedValue {
    /// A variable nobody set.
    case variable(String)
    /// A member that `object` (jinja2's name for it, "dict object") lacks.
    case member(String, of: String)
    /// A position or key that is no text, as Python prints it.
    case element(String, of: String)
    /// A whole sentence.
    case reason(String)
    /// A member that the sandbox hides.
    case unsafe(String, of: String)

    var error: TemplateError {
        switch self {
        case .variable(let name):
            TemplateError(.undefined, "\(PythonText.quoted(name)) is undefined")
        case .member(let name, let object):
            TemplateError(
                .undefined,
                "\(PythonText.quoted(object)) has no attribute \(PythonText.quoted(name))")
        case .element(let element, let object):
            TemplateError(.undefined, "\(object) has no element \(element)")
        case .reason(let sentence): TemplateError(.undefined, sentence)
        case .unsafe(let name, let type):
            TemplateError(
                .security,
                "access to attribute \(PythonText.quoted(name)) of \(PythonText.quoted(type)) "
                    + "object is unsafe.")
        }
    }
}
