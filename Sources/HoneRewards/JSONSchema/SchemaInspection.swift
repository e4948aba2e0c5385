import HoneCore
import OrderedCollections

/// Walks through a schema before it is used: what is not supported, patterns that are none, references
/// that lead nowhere.
struct SchemaInspection {
    let root: JSONValue
    private(set) var patterns: [String: RewardPattern] = [:]
    private(set) var anchors: [String: JSONValue] = [:]

    /// Keywords whose value is a schema, a list of schemas, or schemas by name.
    private static let single = [
        "items", "contains", "additionalProperties", "propertyNames", "not", "if", "then", "else",
    ]
    private static let lists = ["prefixItems", "allOf", "anyOf", "oneOf"]
    private static let maps = ["properties", "patternProperties", "dependentSchemas", "$defs"]
    private static let refused = [
        "unevaluatedItems", "unevaluatedProperties", "$dynamicRef", "$recursiveRef",
    ]
    private static let types: Set<String> = [
        "null", "boolean", "string", "array", "object", "number", "integer",
    ]

    init(root: JSONValue) { self.root = root }

    mutating func inspect(_ schema: JSONValue, at place: String) throws(JSONSchema.Problem) {
        try collectAnchors(schema, at: place)
        try check(schema, at: place)
    }

    private mutating func collectAnchors(
        _ schema: JSONValue, at place: String
    ) throws(JSONSchema.Problem) {
        guard case .object(let keywords) = schema else { return }
        if let anchor = keywords["$anchor"]?.stringValue { anchors[anchor] = schema }
        for (child, path) in Self.children(of: keywords, at: place) {
            try collectAnchors(child, at: path)
        }
    }

    private mutating func check(
        _ schema: JSONValue, at place: String
    ) throws(JSONSchema.Problem) {
        if case .bool = schema { return }
        guard case .object(let keywords) = schema else {
            throw JSONSchema.Problem(
                place: place, message: "a schema is an object, true or false, not \(schema.kind)")
        }
        if let keyword = Self.refused.first(where: { keywords[$0] != nil }) {
            throw JSONSchema.Problem(place: place, message: "\(keyword) is not supported")
        }
        if keywords["$id"] != nil, !place.isEmpty {
            throw JSONSchema.Problem(place: place, message: "$id below the root is not supported")
        }
        if let reference = keywords["$ref"]?.stringValue,
            JSONSchema.resolve(reference, in: root, anchors) == nil
        {
            throw JSONSchema.Problem(
                place: place,
                message:
                    "$ref \(reference) leads to nothing in this document, and others are not read")
        }
        if let type = keywords["type"] {
            let names = type.arrayValue ?? [type]
            if let wrong = names.first(where: { !Self.types.contains($0.stringValue ?? "") }) {
                throw JSONSchema.Problem(place: place, message: "there is no type \(wrong.text())")
            }
        }
        let declared =
            [keywords["pattern"]?.stringValue].compactMap { $0 }
            + (keywords["patternProperties"]?.objectValue?.keys.elements ?? [])
        for pattern in declared where patterns[pattern] == nil {
            do throws(RegularExpression.CompileError) {
                patterns[pattern] = try RewardPattern(pattern)
            } catch {
                throw JSONSchema.Problem(
                    place: place, message: "\(pattern) is no regular expression: \(error.message)")
            }
        }
        for (child, path) in Self.children(of: keywords, at: place) { try check(child, at: path) }
    }

    private static func children(
        of keywords: JSONObject, at place: String
    ) -> [(JSONValue, String)] {
        var children: [(JSONValue, String)] = []
        for key in single {
            if let child = keywords[key] { children.append((child, "\(place)/\(key)")) }
        }
        for key in lists {
            for (index, child) in (keywords[key]?.arrayValue ?? []).enumerated() {
                children.append((child, "\(place)/\(key)/\(index)"))
            }
        }
        for key in maps {
            for (name, child) in keywords[key]?.objectValue ?? [:] {
                children.append((child, "\(place)/\(key)/\(name)"))
            }
        }
        return children
    }
}
