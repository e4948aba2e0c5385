import OrderedCollections

/// Gives columns other names; their order stays.
public struct RenameStep: ConfigValue {
    /// Old name → new name.
    public var names: OrderedDictionary<String, String>

    public init(_ names: OrderedDictionary<String, String>) { self.names = names }

    public static let form = OrderedDictionary<String, String>.form
    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> RenameStep? {
        OrderedDictionary<String, String>.read(json, at: path, &problems).map(RenameStep.init)
    }
    public var configJSON: JSONValue { names.configJSON }
}

/// Keeps only some columns, in the order given.
public struct SelectStep: ConfigValue {
    public var columns: [String]

    public init(_ columns: [String]) { self.columns = columns }

    public static let form = [String].form
    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> SelectStep? {
        guard let columns = [String].read(json, at: path, &problems) else { return nil }
        var seen: Set<String> = []
        for column in columns where !seen.insert(column).inserted {
            problems.append(ConfigProblem(path, "names \(column) twice"))
            return nil
        }
        guard !columns.isEmpty else {
            problems.append(ConfigProblem(path, "must be not empty, is []"))
            return nil
        }
        return SelectStep(columns)
    }
    public var configJSON: JSONValue { columns.configJSON }
}

/// Takes columns away. A row without one of them is not an error: there is nothing to take.
public struct RemoveStep: ConfigValue {
    public var columns: [String]

    public init(_ columns: [String]) { self.columns = columns }

    public static let form = [String].form
    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> RemoveStep? {
        [String].read(json, at: path, &problems).map(RemoveStep.init)
    }
    public var configJSON: JSONValue { columns.configJSON }
}

/// Turns the values of columns into another type, exactly or not at all.
public struct CastStep: ConfigValue {
    public var types: OrderedDictionary<String, ColumnType>

    public init(_ types: OrderedDictionary<String, ColumnType>) { self.types = types }

    public enum ColumnType: String, ConfigChoice {
        /// Text, of anything else what Python's `str()` shows.
        case string
        /// From a whole number, or from a text that writes one (`-3`, not `3.5` and not `1,000`).
        case integer
        /// From a number, or from a text that writes one (`3`, `-0.5`, `1e-3`).
        case number
        /// From true and false, or from the texts `true`, `True`, `false` and `False`.
        case boolean
        /// From a text that holds JSON, such as `[44, 19, 35]` in a CSV cell.
        case json
    }

    public static let form = OrderedDictionary<String, ColumnType>.form
    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> CastStep? {
        OrderedDictionary<String, ColumnType>.read(json, at: path, &problems).map(CastStep.init)
    }
    public var configJSON: JSONValue { types.configJSON }
}

/// Gives columns a value in rows that lack them, and in rows where they are null.
public struct DefaultStep: ConfigValue {
    public var values: JSONObject

    public init(_ values: JSONObject) { self.values = values }

    public static let form = OrderedDictionary<String, JSONValue>.form
    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> DefaultStep? {
        JSONObject.read(json, at: path, &problems).map(DefaultStep.init)
    }
    public var configJSON: JSONValue { values.configJSON }
}
