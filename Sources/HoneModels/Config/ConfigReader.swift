import HoneCore
import OrderedCollections

/// Reads typed fields from one JSON object and remembers which were read, so that what is left
/// over can be refused instead of ignored.
struct ConfigReader {
    /// The file, as errors name it.
    let file: String
    /// Names the object inside the file: "" or "text_config.".
    let prefix: String
    private let members: JSONObject
    private var known: Set<String> = []

    init(file: String, prefix: String = "", members: JSONObject) {
        self.file = file
        self.prefix = prefix
        self.members = members
    }

    /// The value under `key`; absent and null are the same.
    mutating func value(_ key: String) -> JSONValue? {
        known.insert(key)
        guard let value = members[key], !value.isNull else { return nil }
        return value
    }

    /// Refuses a folder whose weights were quantised before they were published.
    mutating func refuseQuantization() throws(ModelError) {
        guard let settings = value("quantization_config") else { return }
        throw .quantizedFolder(
            file: file, method: settings["quant_method"]?.stringValue ?? "of an unknown method")
    }

    mutating func integer(_ key: String) throws(ModelError) -> Int? {
        guard let value = value(key) else { return nil }
        // No size of a model is larger, and products of two such sizes still are integers.
        guard let number = value.intValue, Int32(exactly: number) != nil else {
            throw invalid(key, value, "an integer of at most \(Int32.max)")
        }
        return number
    }

    /// An integer of at least 1.
    mutating func count(_ key: String) throws(ModelError) -> Int? {
        guard let number = try integer(key) else { return nil }
        guard number >= 1 else { throw invalid(key, .int(number), "at least 1") }
        return number
    }

    mutating func requiredCount(_ key: String) throws(ModelError) -> Int {
        guard let number = try count(key) else {
            throw .missingField(file: file, key: prefix + key)
        }
        return number
    }

    mutating func number(_ key: String) throws(ModelError) -> Double? {
        guard let value = value(key) else { return nil }
        guard let number = value.doubleValue, number.isFinite else {
            throw invalid(key, value, "a finite number")
        }
        return number
    }

    mutating func positive(_ key: String) throws(ModelError) -> Double? {
        guard let number = try number(key) else { return nil }
        guard number > 0 else { throw invalid(key, .double(number), "above 0") }
        return number
    }

    mutating func flag(_ key: String) throws(ModelError) -> Bool? {
        guard let value = value(key) else { return nil }
        guard let flag = value.boolValue else { throw invalid(key, value, "true or false") }
        return flag
    }

    mutating func string(_ key: String) throws(ModelError) -> String? {
        guard let value = value(key) else { return nil }
        guard let text = value.stringValue else { throw invalid(key, value, "a string") }
        return text
    }

    mutating func numbers(_ key: String) throws(ModelError) -> [Double]? {
        guard let value = value(key) else { return nil }
        guard let values = value.arrayValue else { throw invalid(key, value, "a list") }
        var result: [Double] = []
        for element in values {
            guard let number = element.doubleValue, number.isFinite else {
                throw invalid(key, element, "a list of finite numbers")
            }
            result.append(number)
        }
        return result
    }

    mutating func strings(_ key: String) throws(ModelError) -> [String]? {
        guard let value = value(key) else { return nil }
        guard let values = value.arrayValue else { throw invalid(key, value, "a list") }
        var result: [String] = []
        for element in values {
            guard let text = element.stringValue else {
                throw invalid(key, element, "a list of strings")
            }
            result.append(text)
        }
        return result
    }

    /// Token ids written as one number or as a list.
    mutating func tokens(_ key: String) throws(ModelError) -> [Int32]? {
        guard let value = value(key) else { return nil }
        var result: [Int32] = []
        for element in value.arrayValue ?? [value] {
            guard let number = element.intValue, let token = Int32(exactly: number), token >= 0
            else { throw invalid(key, element, "a token id or a list of them") }
            result.append(token)
        }
        return result
    }

    mutating func object(_ key: String) throws(ModelError) -> ConfigReader? {
        guard let value = value(key) else { return nil }
        guard let members = value.objectValue else { throw invalid(key, value, "an object") }
        return ConfigReader(file: file, prefix: "\(prefix)\(key).", members: members)
    }

    /// The members of the object under `key`; none where it is absent.
    mutating func members(_ key: String) throws(ModelError) -> JSONObject {
        guard let value = value(key) else { return [:] }
        guard let members = value.objectValue else { throw invalid(key, value, "an object") }
        return members
    }

    /// Refuses the file unless `key` is absent or has one of the values that change nothing.
    mutating func require(_ key: String, isOneOf accepted: [JSONValue]) throws(ModelError) {
        guard let value = value(key) else { return }
        let same = accepted.contains {
            $0 == value
                || $0.doubleValue == value.doubleValue
                    && $0.doubleValue != nil
        }
        guard same else { throw unsupported(key, value) }
    }

    /// Marks `keys` as understood without looking at their values.
    mutating func ignore(_ keys: some Sequence<String>) { known.formUnion(keys) }

    /// Refuses the first key that nothing asked for. A null one says nothing and passes.
    func finish() throws(ModelError) {
        for (key, value) in members where !known.contains(key) && !value.isNull {
            throw unsupported(key, value)
        }
    }

    /// Whether the key is there, be it null: some defaults hold only where it is not.
    func states(_ key: String) -> Bool { members[key] != nil }

    func has(_ key: String) -> Bool { members[key].map { !$0.isNull } ?? false }

    func invalid(_ key: String, _ value: JSONValue, _ expected: String) -> ModelError {
        .invalidField(
            file: file, key: prefix + key, found: value.text(), expected: expected)
    }

    func unsupported(_ key: String, _ value: JSONValue) -> ModelError {
        .unsupportedField(file: file, key: prefix + key, value: String(value.text().prefix(80)))
    }

    func contradiction(_ keys: [String], _ reason: String) -> ModelError {
        .contradiction(file: file, keys: keys.map { prefix + $0 }, reason: reason)
    }
}
