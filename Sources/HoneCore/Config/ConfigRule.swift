import OrderedCollections

/// A condition on one value of a recipe, with the words that state it.
public struct ConfigRule<Value: Sendable>: Sendable {
    /// Completes "must be …": "greater than 0".
    public let text: String
    /// Why the rule holds or what to do instead; empty where the rule speaks for itself.
    public let reason: String
    let isMet: @Sendable (Value) -> Bool

    public init(
        _ text: String, because reason: String = "", isMet: @escaping @Sendable (Value) -> Bool
    ) {
        self.text = text
        self.reason = reason
        self.isMet = isMet
    }
}

extension ConfigRule where Value: Comparable {
    /// Value > bound.
    public static func above(_ bound: Value, because reason: String = "") -> Self {
        Self("greater than \(bound)", because: reason) { $0 > bound }
    }

    /// Value ≥ bound.
    public static func atLeast(_ bound: Value, because reason: String = "") -> Self {
        Self("at least \(bound)", because: reason) { $0 >= bound }
    }

    /// lower ≤ value ≤ upper.
    public static func within(_ range: ClosedRange<Value>, because reason: String = "") -> Self {
        Self("between \(range.lowerBound) and \(range.upperBound)", because: reason) {
            range.contains($0)
        }
    }

    /// lower < value ≤ upper.
    public static func above(_ lower: Value, upTo upper: Value, because reason: String = "")
        -> Self
    {
        Self("greater than \(lower) and at most \(upper)", because: reason) {
            $0 > lower && $0 <= upper
        }
    }

    /// lower ≤ value < upper.
    public static func atLeast(_ lower: Value, below upper: Value, because reason: String = "")
        -> Self
    {
        Self("at least \(lower) and less than \(upper)", because: reason) {
            $0 >= lower && $0 < upper
        }
    }

    /// lower < value < upper.
    public static func above(_ lower: Value, below upper: Value, because reason: String = "")
        -> Self
    {
        Self("greater than \(lower) and less than \(upper)", because: reason) {
            $0 > lower && $0 < upper
        }
    }
}

extension ConfigRule where Value: Collection {
    /// At least one element or character.
    public static var notEmpty: Self { Self("not empty") { !$0.isEmpty } }
}

extension ConfigRule where Value == JSONObject {
    /// At least one member.
    public static var notEmpty: Self { Self("not empty") { !$0.isEmpty } }
}
