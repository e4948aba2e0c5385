/// The escaping of `escape`, as markupsafe does it.
enum HTML {
    static func escape(_ text: String) -> String {
        var output = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": output += "&amp;"
            case "<": output += "&lt;"
            case ">": output += "&gt;"
            case "'": output += "&#39;"
            case "\"": output += "&#34;"
            default: output.unicodeScalars.append(scalar)
            }
        }
        return output
    }

    /// The escaped text of any value; what is marked already stays.
    static func escape(_ value: TemplateValue) throws(TemplateError) -> String {
        if case .markup(let text) = value { return text }
        return escape(try PythonText.string(value))
    }
}
