import HoneCore
import OrderedCollections

/// What one column of a dataset holds.
public struct ColumnSummary: Sendable, Hashable {
    public var name: String
    /// Rows by the kind of their value (`a string`, `null`, …), in the order in which kinds appear.
    public private(set) var kinds: OrderedDictionary<String, Int> = [:]
    /// Smallest and largest number, shortest and longest text (Unicode scalars), fewest and most items.
    public private(set) var numbers: ClosedRange<Double>?
    public private(set) var characters: ClosedRange<Int>?
    public private(set) var items: ClosedRange<Int>?
    /// The first value that is not null.
    public private(set) var example: JSONValue?

    init(name: String) { self.name = name }

    /// Rows that have the column.
    public var present: Int { kinds.values.reduce(0, +) }

    mutating func note(_ value: JSONValue) {
        kinds[value.kind, default: 0] += 1
        if example == nil, !value.isNull { example = value }
        switch value {
        case .int, .double:
            if let number = value.doubleValue, number.isFinite {
                numbers = Self.extended(numbers, to: number)
            }
        case .string(let text):
            characters = Self.extended(characters, to: text.unicodeScalars.count)
        case .array(let values): self.items = Self.extended(self.items, to: values.count)
        case .null, .bool, .object: break
        }
    }

    private static func extended<Bound>(_ range: ClosedRange<Bound>?, to value: Bound)
        -> ClosedRange<Bound>
    {
        guard let range else { return value...value }
        return min(range.lowerBound, value)...max(range.upperBound, value)
    }
}

/// The columns of a dataset, in the order in which they appear.
public struct ColumnTable: Sendable, Hashable {
    /// Rows that were looked at.
    public private(set) var rows = 0
    private var columns: OrderedDictionary<String, ColumnSummary> = [:]

    init() {}

    public var summaries: [ColumnSummary] { Array(columns.values) }

    mutating func note(_ row: JSONObject) {
        rows += 1
        for (name, value) in row {
            columns[name, default: ColumnSummary(name: name)].note(value)
        }
    }
}
