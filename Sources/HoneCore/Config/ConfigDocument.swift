import OrderedCollections

/// A recipe as it was read, before it is understood: its values and the lines they stand on.
public struct ConfigDocument: Sendable, Hashable {
    /// As the user named it.
    public var file: String
    public var root: JSONValue
    /// Line of each key or item, from 1. What `--set` gave has none.
    public var lines: [ConfigPath: Int]
    /// What `--set` gave.
    public private(set) var overrides: [ConfigPath] = []

    public init(file: String, root: JSONValue, lines: [ConfigPath: Int] = [:]) {
        self.file = file
        self.root = root
        self.lines = lines
    }

    /// Deeper than any recipe is.
    private static let deepest = 64

    /// Puts `value` at `path`, making mappings on the way: what `--set path=value` does.
    /// - Throws: ``ConfigProblem`` when the way leads through something that is no mapping, or to a
    ///   position that a list does not have.
    public mutating func set(_ path: ConfigPath, to value: JSONValue) throws(ConfigProblem) {
        guard path.steps.count <= Self.deepest else {
            throw ConfigProblem(path, "leads deeper than \(Self.deepest) levels")
        }
        root = try Self.replacing(in: root, path.steps[...], of: path, with: value)
        lines = lines.filter { !$0.key.steps.starts(with: path.steps) }
        overrides.append(path)
    }

    private static func replacing(
        in json: JSONValue, _ steps: ArraySlice<ConfigPath.Step>, of path: ConfigPath,
        with value: JSONValue
    ) throws(ConfigProblem) -> JSONValue {
        guard let step = steps.first else { return value }
        switch (step, json) {
        case (.key(let name), .object(var members)):
            members[name] = try replacing(
                in: members[name] ?? .null, steps.dropFirst(), of: path, with: value)
            return .object(members)
        case (.key(let name), .null):
            return .object([
                name: try replacing(in: .null, steps.dropFirst(), of: path, with: value)
            ])
        case (.index(let position), .array(var items)) where items.indices.contains(position):
            items[position] = try replacing(
                in: items[position], steps.dropFirst(), of: path, with: value)
            return .array(items)
        case (.index(let position), .array(let items)):
            throw ConfigProblem(path, "there is no item \(position); the list has \(items.count)")
        case (.key(let name), _):
            throw ConfigProblem(path, "cannot set \(name) inside \(json.kind)")
        case (.index(let position), _):
            throw ConfigProblem(path, "cannot set item \(position) of \(json.kind)")
        }
    }

    /// What stands at `path`.
    public func value(at path: ConfigPath) -> JSONValue? {
        var value: JSONValue? = root
        for step in path.steps {
            switch step {
            case .key(let name): value = value?[name]
            case .index(let position):
                guard let items = value?.arrayValue, items.indices.contains(position) else {
                    return nil
                }
                value = items[position]
            }
        }
        return value
    }

    /// The line of `path`, or of the nearest enclosing value that has one; `nil` for what `--set` gave.
    public func line(of path: ConfigPath) -> Int? {
        if overrides.contains(where: { path.steps.starts(with: $0.steps) }) { return nil }
        var path = path
        while true {
            if let line = lines[path] { return line }
            if path.steps.isEmpty { return nil }
            path = path.parent
        }
    }
}

extension ConfigProblem: Error {}

extension TrainingConfig {
    /// What could be understood of `document`, and everything wrong with it: unknown keys, wrong
    /// types, values out of range and combinations that cannot work, in one pass. A faulty value
    /// keeps its default, so the configuration is fit for use only if there are no problems.
    public static func decode(_ document: ConfigDocument, rewards catalog: (any RewardCatalog)?)
        -> (config: TrainingConfig, problems: [ConfigProblem])
    {
        var problems: [ConfigProblem] = []
        var config = TrainingConfig.defaults
        if let members = document.root.objectValue {
            config = decode(members, at: .root, &problems)
            if let catalog {
                for (place, rewards) in [
                    ("rewards", config.rewards),
                    ("evaluation.rewards", config.evaluation?.rewards ?? []),
                ] {
                    for (position, reward) in rewards.enumerated() {
                        let path = ConfigPath(place).index(position)
                        guard path.hasReadableType(problems) else { continue }
                        catalog.check(reward, at: path, &problems)
                    }
                }
            }
        } else {
            problems.append(
                ConfigProblem(
                    .root, "a recipe is a mapping of keys, found \(document.root.kind)"))
        }
        for index in problems.indices {
            problems[index].line = document.line(of: problems[index].path)
        }
        return (config, problems.byLine)
    }

    /// The configuration that `document` describes.
    /// - Throws: ``ConfigError`` with every problem.
    public init(decoding document: ConfigDocument, rewards catalog: (any RewardCatalog)?)
        throws(ConfigError)
    {
        let (config, problems) = Self.decode(document, rewards: catalog)
        guard problems.isEmpty else { throw ConfigError(file: document.file, problems: problems) }
        self = config
    }
}
