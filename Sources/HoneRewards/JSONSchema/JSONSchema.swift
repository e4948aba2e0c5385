import Foundation
import HoneCore
import OrderedCollections

/// A JSON schema: a subset of draft 2020-12.
///
/// Assertions: `type`, `enum`, `const`; `multipleOf`, `minimum`, `maximum`, `exclusiveMinimum`,
/// `exclusiveMaximum`; `minLength`, `maxLength`, `pattern` (PCRE2); `items`, `prefixItems`, `contains`,
/// `minContains`, `maxContains`, `minItems`, `maxItems`, `uniqueItems`; `properties`, `patternProperties`,
/// `additionalProperties`, `propertyNames`, `required`, `dependentRequired`, `dependentSchemas`,
/// `minProperties`, `maxProperties`; `allOf`, `anyOf`, `oneOf`, `not`, `if`/`then`/`else`; `$ref` into the
/// same document (`#/…`, `#anchor`); `true` and `false`. `format`, `content…` and unknown keywords assert
/// nothing. Refused: `unevaluatedItems`, `unevaluatedProperties`, `$dynamicRef`, `$id` below the root, and
/// references to other documents.
///
/// Source: JSON Schema Core and Validation 2020-12; its published test suite for what is supported.
public struct JSONSchema: Sendable, Hashable {
    /// As it was written.
    public let source: JSONValue
    let patterns: [String: RewardPattern]
    let anchors: [String: JSONValue]

    /// What a schema cannot be used for.
    public struct Problem: Error, Sendable, Hashable, CustomStringConvertible {
        /// JSON pointer into the schema.
        public var place: String
        public var message: String

        public var description: String { (place.isEmpty ? "" : "at \(place): ") + message }
    }

    /// Reads a schema.
    /// - Throws: ``Problem`` with the place of what is no schema or is not supported.
    public init(_ source: JSONValue) throws(Problem) {
        self.source = source
        var inspection = SchemaInspection(root: source)
        try inspection.inspect(source, at: "")
        patterns = inspection.patterns
        anchors = inspection.anchors
    }

    /// What is said of a value.
    public enum Outcome: Sendable, Hashable {
        case accepted, refused
        /// A schema that refers to itself several times, or a pattern with too many ways to match, took more
        /// steps than `SchemaCheck.mostSteps`.
        case givenUp
    }

    /// Whether `value` is valid.
    public func accepts(_ value: JSONValue) -> Bool { outcome(for: value) == .accepted }

    /// Whether `value` is valid, as far as that can be found out.
    public func outcome(for value: JSONValue) -> Outcome {
        let check = SchemaCheck(schema: self)
        let accepts = check.accepts(value, source, 0)
        return check.isGivenUp ? .givenUp : accepts ? .accepted : .refused
    }

    static func resolve(
        _ reference: String, in root: JSONValue, _ anchors: [String: JSONValue]
    ) -> JSONValue? {
        guard reference.hasPrefix("#") else { return nil }
        let fragment = String(reference.dropFirst())
        if fragment.isEmpty { return root }
        guard fragment.hasPrefix("/") else { return anchors[fragment] }
        var value = root
        for part in fragment.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            let key = (String(part).removingPercentEncoding ?? String(part))
                .replacing("~1", with: "/").replacing("~0", with: "~")
            if let next = value[key] {
                value = next
            } else if let index = Int(key), let items = value.arrayValue,
                items.indices.contains(index)
            {
                value = items[index]
            } else {
                return nil
            }
        }
        return value
    }
}

extension JSONValue {
    /// Equality as JSON Schema defines it: 1 and 1.0 are the same, the order of members does not count.
    func isSameJSON(as other: JSONValue) -> Bool {
        switch (self, other) {
        case (.int, .double), (.double, .int): doubleValue == other.doubleValue
        // Scalar by scalar: Swift takes texts that look the same to be equal.
        case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
        case (.array(let a), .array(let b)):
            a.count == b.count && zip(a, b).allSatisfy { $0.isSameJSON(as: $1) }
        case (.object(let a), .object(let b)):
            a.count == b.count
                && a.allSatisfy { key, value in b[key]?.isSameJSON(as: value) == true }
        default: self == other
        }
    }
}
