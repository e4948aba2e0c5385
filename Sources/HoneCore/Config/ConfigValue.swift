import OrderedCollections

/// A type that can stand at a key of a recipe.
public protocol ConfigValue: Sendable, Hashable {
    static var form: ConfigForm { get }

    /// Reads `json`, which stands at `path`. On failure it appends to `problems` and gives `nil`, or
    /// what could be read; either way the whole is not fit for use.
    static func read(_ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem])
        -> Self?

    /// Reads a list of values; a type may accept other ways to write one. `nil` if one of them could
    /// not be read.
    static func readList(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> [Self]?

    /// What ``read(_:at:_:)`` reads back to the same value.
    var configJSON: JSONValue { get }
}

extension ConfigValue {
    public static func readList(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> [Self]? {
        readItems(json, at: path, &problems)
    }

    /// Reads each item of a JSON list.
    public static func readItems(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> [Self]? {
        guard let items = json.arrayValue else {
            [Self].reportMismatch(json, at: path, &problems)
            return nil
        }
        let values = items.enumerated().map { position, item in
            Self.read(item, at: path.index(position), &problems)
        }
        let read = values.compactMap { $0 }
        return read.count == values.count ? read : nil
    }

    /// Appends "expected …, found …".
    static func reportMismatch(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) {
        let found =
            switch json {
            case .null, .array, .object: json.kind
            default: json.text()
            }
        problems.append(ConfigProblem(path, "expected \(form.text), found \(found)"))
    }
}

extension Int: ConfigValue {
    public static let form = ConfigForm.value("an integer")
    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> Int? {
        guard let value = json.intValue else {
            reportMismatch(json, at: path, &problems)
            return nil
        }
        // So that counts can be multiplied without a second thought.
        guard Int32(exactly: value) != nil else {
            problems.append(
                ConfigProblem(path, "must be between \(Int32.min) and \(Int32.max), is \(value)"))
            return nil
        }
        return value
    }
    public var configJSON: JSONValue { .int(self) }
}

extension Double: ConfigValue {
    public static let form = ConfigForm.value("a number")
    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> Double? {
        guard let value = json.doubleValue else {
            // YAML 1.1 readers take "1e-5" for a string because it has no dot.
            reportMismatch(json, at: path, &problems)
            return nil
        }
        guard value.isFinite else {
            problems.append(ConfigProblem(path, "must be a finite number, is \(value)"))
            return nil
        }
        return value
    }
    public var configJSON: JSONValue { .double(self) }
}

extension Bool: ConfigValue {
    public static let form = ConfigForm.value("true or false")
    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> Bool? {
        if let value = json.boolValue { return value }
        reportMismatch(json, at: path, &problems)
        return nil
    }
    public var configJSON: JSONValue { .bool(self) }
}

extension String: ConfigValue {
    public static let form = ConfigForm.value("a string")
    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> String? {
        if let value = json.stringValue { return value }
        reportMismatch(json, at: path, &problems)
        return nil
    }
    public var configJSON: JSONValue { .string(self) }
}

extension JSONValue: ConfigValue {
    public static let form = ConfigForm.value("any value")
    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> JSONValue? { json }
    public var configJSON: JSONValue { self }
}

extension Optional: ConfigValue where Wrapped: ConfigValue {
    public static var form: ConfigForm { Wrapped.form }
    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> Wrapped?? {
        if json.isNull { return .some(nil) }
        guard let value = Wrapped.read(json, at: path, &problems) else { return nil }
        return .some(value)
    }
    public var configJSON: JSONValue { self?.configJSON ?? .null }
}

extension Array: ConfigValue where Element: ConfigValue {
    public static var form: ConfigForm { .list(Element.form) }
    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> [Element]? {
        Element.readList(json, at: path, &problems)
    }
    public var configJSON: JSONValue { .array(map(\.configJSON)) }
}

extension OrderedDictionary: ConfigValue
where Key == String, Value: ConfigValue {
    public static var form: ConfigForm { .value("a mapping, each value \(Value.form.text)") }
    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> OrderedDictionary? {
        guard let members = json.objectValue else {
            reportMismatch(json, at: path, &problems)
            return nil
        }
        var result = OrderedDictionary()
        for (key, member) in members {
            result[key] = Value.read(member, at: path.key(key), &problems)
        }
        return result.count == members.count ? result : nil
    }
    public var configJSON: JSONValue { .object(mapValues(\.configJSON)) }
}

/// An enumeration whose raw values are the words a recipe uses.
public protocol ConfigChoice: ConfigValue, RawRepresentable, CaseIterable
where RawValue == String {}

extension ConfigChoice {
    public static var form: ConfigForm { .choice(allCases.map(\.rawValue)) }
    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> Self? {
        if let value = json.stringValue.flatMap(Self.init(rawValue:)) { return value }
        guard let text = json.stringValue,
            let near = KeySuggestion.nearest(to: text, among: allCases.map(\.rawValue))
        else {
            reportMismatch(json, at: path, &problems)
            return nil
        }
        problems.append(
            ConfigProblem(path, "expected \(form.text), found \(text); did you mean \(near)?"))
        return nil
    }
    public var configJSON: JSONValue { .string(rawValue) }
}
