import HoneCore
import OrderedCollections

/// One step into a JSON document: `.name` or `[0]`.
enum JSONPathStep: Sendable, Hashable {
    case member(String)
    case element(Int)

    var text: String {
        switch self {
        case .member(let name): ".\(name)"
        case .element(let index): "[\(index)]"
        }
    }

    /// The steps of `a.b[0]['c']`; `nil` if `path` is not of that form.
    static func steps(of path: String) -> [JSONPathStep]? {
        var steps: [JSONPathStep] = []
        var rest = PythonText.strip(path)[...]
        while !rest.isEmpty {
            if rest.first == "[" {
                guard let close = rest.firstIndex(of: "]") else { return nil }
                let inside = rest[rest.index(after: rest.startIndex)..<close]
                if let index = Int(inside), index >= 0 {
                    steps.append(.element(index))
                } else if inside.count > 2, let quote = inside.first, quote == "'" || quote == "\"",
                    inside.last == quote
                {
                    steps.append(.member(String(inside.dropFirst().dropLast())))
                } else {
                    return nil
                }
                rest = rest[rest.index(after: close)...]
            } else {
                if rest.first == "." {
                    guard !steps.isEmpty else { return nil }
                    rest.removeFirst()
                } else if !steps.isEmpty {
                    return nil
                }
                let name = rest.prefix { $0 != "." && $0 != "[" }
                guard !name.isEmpty, !name.contains(where: { $0.isWhitespace || $0 == "}" }) else {
                    return nil
                }
                steps.append(.member(String(name)))
                rest = rest[name.endIndex...]
            }
        }
        return steps.isEmpty ? nil : steps
    }

    /// What the steps lead to in `document`; `nil` if they lead nowhere.
    static func value(at steps: some Sequence<JSONPathStep>, in document: JSONValue) -> JSONValue? {
        var value = document
        for step in steps {
            switch step {
            case .member(let name):
                guard let next = value[name] else { return nil }
                value = next
            case .element(let index):
                guard let items = value.arrayValue, items.indices.contains(index) else {
                    return nil
                }
                value = items[index]
            }
        }
        return value
    }
}
