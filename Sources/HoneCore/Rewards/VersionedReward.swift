import OrderedCollections

/// A reward function of a run in one of its versions.
///
/// What makes a version is its declaration in the recipe and the text of its file. A changed weight is
/// another version as well as a changed line of Python.
public struct VersionedReward: Sendable, Hashable {
    /// From 1, within the function; 0 while nobody has given it one.
    public var number: Int
    /// Its part of the recipe. Where it has a file, the option `file` is ``RewardSource/name``.
    public var declaration: RewardConfig
    /// Where relative paths of the declaration begin.
    public var folder: String
    /// `nil` for functions that are built in.
    public var source: RewardSource?

    public init(
        number: Int, declaration: RewardConfig, folder: String, source: RewardSource?
    ) {
        self.number = number
        self.declaration = declaration
        self.folder = folder
        self.source = source
    }

    /// The function's name in the recipe.
    public var function: String { declaration.name }

    /// `format_v2`.
    public var name: String { "\(function)_v\(number)" }

    /// Whether `other` is the same version, whatever its number.
    public func hasSameContent(as other: VersionedReward) -> Bool {
        declaration == other.declaration && source?.texts == other.source?.texts
    }

    /// The same for the same content: 16 hexadecimal digits.
    public var digest: String {
        ContentDigest.text([declaration.configJSON.text(), source?.digest ?? ""])
    }
}

extension VersionedReward {
    /// What ``init(json:)`` reads back.
    public var json: JSONValue {
        var members: JSONObject = [
            "version": .string(name), "number": .int(number), "digest": .string(digest),
            "declaration": declaration.configJSON, "folder": .string(folder),
        ]
        if let source {
            members["source"] = [
                "name": .string(source.name), "origin": .string(source.origin),
                "texts": .object(
                    JSONObject(
                        uniqueKeysWithValues: source.texts.sorted { $0.key < $1.key }
                            .map { ($0.key, JSONValue.string($0.value)) })),
            ]
        }
        return .object(members)
    }

    /// - Throws: ``RewardRecordError/unreadable(_:)`` naming what is missing.
    public init(json: JSONValue) throws(RewardRecordError) {
        var problems: [ConfigProblem] = []
        guard let number = json["number"]?.intValue, let folder = json["folder"]?.stringValue,
            let written = json["declaration"],
            let declaration = RewardConfig.read(written, at: .root, &problems), problems.isEmpty
        else {
            let why = problems.first.map { "\($0.path) \($0.message)" } ?? "a member is missing"
            throw .unreadable("a version of a reward function: \(why)")
        }
        var source: RewardSource?
        if let members = json["source"] {
            guard let name = members["name"]?.stringValue,
                let origin = members["origin"]?.stringValue,
                let texts = members["texts"]?.objectValue, texts[name] != nil,
                texts.keys.allSatisfy(RewardSource.isFileName)
            else { throw .unreadable("the source of \(declaration.name)") }
            source = RewardSource(
                name: name,
                texts: Dictionary(
                    uniqueKeysWithValues: texts.compactMap { entry in
                        entry.value.stringValue.map { (entry.key, $0) }
                    }), origin: origin)
        }
        self.init(number: number, declaration: declaration, folder: folder, source: source)
    }
}

/// A record of reward functions that cannot be understood.
public enum RewardRecordError: Error, Sendable, Hashable, CustomStringConvertible {
    case unreadable(String)

    public var description: String {
        switch self {
        case .unreadable(let what):
            "\(what) cannot be read from the run's folder: it was written by another version of Hone, "
                + "or changed by hand"
        }
    }
}
