import HoneCore
import OrderedCollections

/// Reads the members of an object by name and type, and keeps account of what is wrong or was not
/// read. A getter that finds nothing usable returns `nil`; ``finish()`` throws what was collected.
struct RewardOptions {
    private let members: JSONObject
    private let path: String
    private var asked: OrderedSet<String> = []
    private(set) var problems: [RewardError.Problem] = []

    init(_ members: JSONObject, path: String) {
        self.members = members
        self.path = path
    }

    /// Members that no getter asked for.
    var remaining: JSONObject { members.filter { !asked.contains($0.key) } }

    mutating func complain(_ key: String, _ message: String) {
        problems.append(.init(path: "\(path).\(key)", message: message))
    }

    mutating func value(_ key: String) -> JSONValue? {
        asked.append(key)
        guard let value = members[key], !value.isNull else { return nil }
        return value
    }

    mutating func string(_ key: String) -> String? {
        read(key, "a string", \.stringValue)
    }

    mutating func bool(_ key: String) -> Bool? {
        read(key, "true or false", \.boolValue)
    }

    mutating func number(_ key: String) -> Double? {
        read(key, "a number", \.doubleValue)
    }

    mutating func integer(_ key: String, atLeast minimum: Int) -> Int? {
        guard let number = read(key, "an integer", \.intValue) else { return nil }
        if number < minimum { complain(key, "must be at least \(minimum), not \(number)") }
        return number
    }

    mutating func number(_ key: String, atLeast minimum: Double) -> Double? {
        guard let number = number(key) else { return nil }
        if !(number.isFinite && number >= minimum) {
            complain(key, "must be a finite number of at least \(minimum), not \(number)")
        }
        return number
    }

    mutating func strings(_ key: String) -> [String]? {
        read(key, "a list of strings") { value in
            guard let list = value.arrayValue else { return nil }
            let strings = list.compactMap(\.stringValue)
            return strings.count == list.count ? strings : nil
        }
    }

    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String, _ type: Choice.Type
    ) -> Choice? {
        guard let text = string(key) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let known = Choice.allCases.map(\.rawValue)
            complain(key, "unknown value \"\(text)\"" + NearestName.hint(for: text, among: known))
            return nil
        }
        return choice
    }

    private mutating func read<Value>(
        _ key: String, _ expected: String, _ convert: (JSONValue) -> Value?
    ) -> Value? {
        guard let value = value(key) else { return nil }
        guard let converted = convert(value) else {
            complain(key, "must be \(expected), not \(value.kind)")
            return nil
        }
        return converted
    }

    /// - Throws: what was collected, and each member that nothing asked for.
    mutating func finish() throws(RewardError) {
        for key in remaining.keys {
            complain(key, "unknown key" + NearestName.hint(for: key, among: Array(asked)))
        }
        guard problems.isEmpty else { throw .invalid(problems) }
    }
}
