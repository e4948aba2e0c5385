import HoneCore
import OrderedCollections

/// One entry of a recipe's `rewards:` list.
///
/// ```yaml
/// rewards:
///   - {name: format, type: format, weight: 0.1}
///   - {name: equation, type: python, file: rewards.py, function: equation_reward, weight: 0.9}
/// ```
public struct RewardSpec: Sendable, Hashable {
    /// Shown in metrics; the type's name if the entry has none.
    public var name: String
    public var type: RewardType
    /// What the score counts in the total. 0: shown only.
    public var weight: Double
    /// What a failed call means.
    public var failurePolicy: FailurePolicy
    /// What the type understands beside the common keys, as written.
    public var options: JSONObject
    /// Where the entry stands, for error messages: `rewards[0]`.
    public var path: String

    public init(
        name: String, type: RewardType, weight: Double = 1,
        failurePolicy: FailurePolicy = .exclude, options: JSONObject = [:],
        path: String = "rewards[0]"
    ) {
        self.name = name
        self.type = type
        self.weight = weight
        self.failurePolicy = failurePolicy
        self.options = options
        self.path = path
    }

    /// The entries of `document`: a list, or an object with a list under `rewards`.
    ///
    /// Options stay unread here; ``RewardBuilder`` judges them.
    /// - Throws: ``RewardError/invalid(_:)`` with every problem found.
    public static func list(from document: JSONValue) throws(RewardError) -> [RewardSpec] {
        guard let entries = document.arrayValue ?? document["rewards"]?.arrayValue else {
            throw .invalid([
                .init(
                    path: "rewards",
                    message: "expected a list of reward functions, found \(document.kind)")
            ])
        }
        var problems: [RewardError.Problem] = []
        var specs: [RewardSpec] = []
        for (index, entry) in entries.enumerated() {
            do throws(RewardError) {
                specs.append(try RewardSpec(entry, path: "rewards[\(index)]"))
            } catch .invalid(let found) {
                problems += found
            }
        }
        guard problems.isEmpty else { throw .invalid(problems) }
        return specs
    }

    /// - Parameter path: where the entry stands, as `rewards[0]`.
    public init(_ entry: JSONValue, path: String) throws(RewardError) {
        guard let members = entry.objectValue else {
            throw .invalid([.init(path: path, message: "expected an object, found \(entry.kind)")])
        }
        var options = RewardOptions(members, path: path)
        let typeName = options.string("type")
        let type = typeName.flatMap(RewardType.init(rawValue:))
        if typeName == nil, members["type"] == nil {
            options.complain("type", "is missing; " + Self.types)
        } else if let typeName, type == nil {
            options.complain(
                "type",
                "there is no reward function \"\(typeName)\""
                    + NearestName.hint(
                        for: typeName, among: RewardType.allCases.map(\.rawValue)))
        }
        let name = options.string("name") ?? typeName ?? ""
        if name.isEmpty || name.contains(where: { $0.isNewline || $0 == "/" }) {
            options.complain("name", "must be a non-empty word without '/'")
        }
        let weight = options.number("weight") ?? 1
        if !weight.isFinite { options.complain("weight", "must be a finite number") }
        let policy = options.choice("on_error", FailurePolicy.self) ?? .exclude
        guard options.problems.isEmpty, let type else { throw .invalid(options.problems) }
        self.init(
            name: name, type: type, weight: weight, failurePolicy: policy,
            options: options.remaining, path: path)
    }

    private static let types =
        "known are " + RewardType.allCases.map(\.rawValue).joined(separator: ", ")
}
