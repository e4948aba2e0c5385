import HoneCore
import OrderedCollections

/// One object of `tokenizer.json` and where it is, so that every complaint names its place.
struct JSONSection {
    let path: String
    /// The object's path in the document, such as `pre_tokenizer.pretokenizers[0]`.
    let key: String
    let value: JSONValue

    func invalid(_ name: String, _ message: String) -> TokenizerError {
        .invalid(path: path, key: place(name), message: message)
    }

    func unsupported(_ name: String, _ feature: String) -> TokenizerError {
        .unsupported(path: path, key: place(name), feature: feature)
    }

    private func place(_ name: String) -> String {
        name.isEmpty ? key : key.isEmpty ? name : key + "." + name
    }

    /// The value of `type`.
    func type() throws(TokenizerError) -> String { try string("type") }

    /// Refuses members other than `names`, null ones aside.
    func allowOnly(_ names: String...) throws(TokenizerError) {
        guard let members = value.objectValue else {
            throw invalid("", "expected an object, found \(value.kind)")
        }
        for (name, member) in members where !names.contains(name) && !member.isNull {
            throw unsupported(name, "a member of this name")
        }
    }

    func member(_ name: String) -> JSONSection? {
        guard let member = value[name], !member.isNull else { return nil }
        return JSONSection(path: path, key: place(name), value: member)
    }

    func required(_ name: String) throws(TokenizerError) -> JSONSection {
        guard let member = member(name) else { throw invalid(name, "missing") }
        return member
    }

    func elements(_ name: String) throws(TokenizerError) -> [JSONSection] {
        let list = try required(name)
        guard let values = list.value.arrayValue else {
            throw invalid(name, "expected an array, found \(list.value.kind)")
        }
        return values.enumerated().map { index, value in
            JSONSection(path: path, key: "\(list.key)[\(index)]", value: value)
        }
    }

    func string(_ name: String) throws(TokenizerError) -> String {
        let member = try required(name)
        guard let text = member.value.stringValue else {
            throw invalid(name, "expected a string, found \(member.value.kind)")
        }
        return text
    }

    /// A member that may be missing; `default` is what the `tokenizers` library assumes then.
    func bool(_ name: String, default assumed: Bool? = nil) throws(TokenizerError) -> Bool {
        guard let member = member(name) else {
            guard let assumed else { throw invalid(name, "missing") }
            return assumed
        }
        guard let flag = member.value.boolValue else {
            throw invalid(name, "expected true or false, found \(member.value.kind)")
        }
        return flag
    }

    /// A count or an id.
    func integer(_ name: String) throws(TokenizerError) -> Int {
        let member = try required(name)
        guard case .int(let number) = member.value, number >= 0 else {
            throw invalid(name, "expected an integer of at least 0, found \(member.value.text())")
        }
        return number
    }
}
