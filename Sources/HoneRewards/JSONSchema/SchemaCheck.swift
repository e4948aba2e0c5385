import Foundation
import HoneCore
import OrderedCollections

/// One look at a value through a schema.
final class SchemaCheck {
    let root: JSONSchema
    /// Whether it was broken off: what was said then means nothing.
    private(set) var isGivenUp = false
    private var steps = 0

    /// References followed within each other; a schema that needs more is one that never ends.
    private static let deepest = 200
    /// Pairs of a value and a schema that are looked at. Two references of a schema to itself would otherwise
    /// be followed 2²⁰⁰ times.
    static let mostSteps = 1_000_000

    init(schema: JSONSchema) { root = schema }

    /// Takes one step more; false when there have been enough.
    private func spend() -> Bool {
        steps += 1
        if steps > Self.mostSteps { isGivenUp = true }
        return !isGivenUp
    }

    func accepts(_ value: JSONValue, _ schema: JSONValue, _ depth: Int) -> Bool {
        guard spend() else { return false }
        if case .bool(let accepts) = schema { return accepts }
        guard case .object(let keywords) = schema, depth < Self.deepest else { return false }
        if let reference = keywords["$ref"]?.stringValue {
            guard let target = JSONSchema.resolve(reference, in: root.source, root.anchors),
                accepts(value, target, depth + 1)
            else { return false }
        }
        guard Self.hasType(value, keywords["type"]) else { return false }
        if let choices = keywords["enum"]?.arrayValue,
            !choices.contains(where: { $0.isSameJSON(as: value) })
        {
            return false
        }
        if let constant = keywords["const"], !constant.isSameJSON(as: value) { return false }
        guard acceptsCombined(value, keywords, depth) else { return false }
        switch value {
        case .int, .double: return Self.acceptsNumber(value.doubleValue ?? 0, value, keywords)
        case .string(let text): return acceptsText(text, keywords)
        case .array(let items): return acceptsArray(items, keywords, depth)
        case .object(let members): return acceptsObject(members, keywords, depth)
        case .null, .bool: return true
        }
    }

    private static func hasType(_ value: JSONValue, _ type: JSONValue?) -> Bool {
        guard let type else { return true }
        let names =
            type.stringValue.map { [$0] } ?? (type.arrayValue ?? []).compactMap(\.stringValue)
        return names.contains { name in
            switch (name, value) {
            case ("null", .null), ("boolean", .bool), ("string", .string), ("array", .array),
                ("object", .object), ("number", .int), ("number", .double), ("integer", .int):
                true
            case ("integer", .double(let number)): number == number.rounded()
            default: false
            }
        }
    }

    private func acceptsCombined(
        _ value: JSONValue, _ keywords: JSONObject, _ depth: Int
    ) -> Bool {
        func holds(_ schema: JSONValue) -> Bool { accepts(value, schema, depth + 1) }
        if let all = keywords["allOf"]?.arrayValue, !all.allSatisfy(holds) { return false }
        if let any = keywords["anyOf"]?.arrayValue, !any.contains(where: holds) { return false }
        if let one = keywords["oneOf"]?.arrayValue, one.count(where: holds) != 1 { return false }
        if let not = keywords["not"], holds(not) { return false }
        if let condition = keywords["if"] {
            if let branch = keywords[holds(condition) ? "then" : "else"], !holds(branch) {
                return false
            }
        }
        return true
    }

    private static func acceptsNumber(
        _ number: Double, _ value: JSONValue, _ keywords: JSONObject
    ) -> Bool {
        if let bound = keywords["minimum"]?.doubleValue, number < bound { return false }
        if let bound = keywords["maximum"]?.doubleValue, number > bound { return false }
        if let bound = keywords["exclusiveMinimum"]?.doubleValue, number <= bound { return false }
        if let bound = keywords["exclusiveMaximum"]?.doubleValue, number >= bound { return false }
        guard let step = keywords["multipleOf"] else { return true }
        if let whole = value.intValue, let divisor = step.intValue, divisor != 0 {
            return whole.remainderReportingOverflow(dividingBy: divisor).partialValue == 0
        }
        guard let divisor = step.doubleValue, divisor != 0 else { return true }
        let ratio = number / divisor
        // 0.0075 / 0.0001 is 75 but for rounding.
        return ratio.isFinite && abs(ratio - ratio.rounded()) <= 1e-9 * max(1, abs(ratio))
    }

    private func acceptsText(_ text: String, _ keywords: JSONObject) -> Bool {
        let length = text.unicodeScalars.count
        if let bound = keywords["minLength"]?.intValue, length < bound { return false }
        if let bound = keywords["maxLength"]?.intValue, length > bound { return false }
        guard let pattern = keywords["pattern"]?.stringValue else { return true }
        return matches(pattern, text)
    }

    private func matches(_ pattern: String, _ text: String) -> Bool {
        guard let pattern = root.patterns[pattern] else { return false }
        guard let matches = pattern.matches(in: Array(text.utf8)) else {
            isGivenUp = true
            return false
        }
        return !matches.isEmpty
    }

    private func acceptsArray(
        _ items: [JSONValue], _ keywords: JSONObject, _ depth: Int
    ) -> Bool {
        if let bound = keywords["minItems"]?.intValue, items.count < bound { return false }
        if let bound = keywords["maxItems"]?.intValue, items.count > bound { return false }
        if keywords["uniqueItems"] == .bool(true) {
            for (index, item) in items.enumerated() {
                let isRepeated = items[..<index].contains { spend() && $0.isSameJSON(as: item) }
                if isRepeated { return false }
            }
        }
        let heads = keywords["prefixItems"]?.arrayValue ?? []
        for (item, schema) in zip(items, heads) where !accepts(item, schema, depth + 1) {
            return false
        }
        if let rest = keywords["items"],
            !items.dropFirst(heads.count).allSatisfy({ accepts($0, rest, depth + 1) })
        {
            return false
        }
        guard let contained = keywords["contains"] else { return true }
        let count = items.count { accepts($0, contained, depth + 1) }
        return count >= keywords["minContains"]?.intValue ?? 1
            && count <= keywords["maxContains"]?.intValue ?? .max
    }

    private func acceptsObject(
        _ members: JSONObject, _ keywords: JSONObject, _ depth: Int
    ) -> Bool {
        if let bound = keywords["minProperties"]?.intValue, members.count < bound { return false }
        if let bound = keywords["maxProperties"]?.intValue, members.count > bound { return false }
        let required = keywords["required"]?.arrayValue ?? []
        guard required.compactMap(\.stringValue).allSatisfy({ members[$0] != nil }) else {
            return false
        }
        for (key, others) in keywords["dependentRequired"]?.objectValue ?? [:]
        where members[key] != nil {
            let names = (others.arrayValue ?? []).compactMap(\.stringValue)
            guard names.allSatisfy({ members[$0] != nil }) else { return false }
        }
        for (key, schema) in keywords["dependentSchemas"]?.objectValue ?? [:]
        where members[key] != nil {
            guard accepts(.object(members), schema, depth + 1) else { return false }
        }
        let named = keywords["properties"]?.objectValue ?? [:]
        let patterned = keywords["patternProperties"]?.objectValue ?? [:]
        for (key, value) in members {
            if let names = keywords["propertyNames"], !accepts(.string(key), names, depth + 1) {
                return false
            }
            var isKnown = false
            if let schema = named[key] {
                isKnown = true
                guard accepts(value, schema, depth + 1) else { return false }
            }
            for (pattern, schema) in patterned where matches(pattern, key) {
                isKnown = true
                guard accepts(value, schema, depth + 1) else { return false }
            }
            if !isKnown, let rest = keywords["additionalProperties"],
                !accepts(value, rest, depth + 1)
            {
                return false
            }
        }
        return true
    }
}
