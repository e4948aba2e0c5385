/// Where a value stands in a recipe: `rewards[1].weight`.
public struct ConfigPath: Sendable, Hashable, CustomStringConvertible {
    public enum Step: Sendable, Hashable {
        case key(String)
        case index(Int)
    }

    public var steps: [Step]

    /// The whole document.
    public static let root = ConfigPath(steps: [])

    public init(steps: [Step]) { self.steps = steps }

    /// The path of mapping keys in `text`, which separates them by dots: `optimizer.learning_rate`.
    /// A number is a position in a list (`rewards.0.weight` or `rewards[0].weight`).
    public init(_ text: String) {
        let dotted = text.replacing("[", with: ".").replacing("]", with: "")
        steps = dotted.split(separator: ".").map { part in
            Int(part).map(Step.index) ?? .key(String(part))
        }
    }

    public func key(_ name: String) -> ConfigPath { ConfigPath(steps: steps + [.key(name)]) }
    public func index(_ position: Int) -> ConfigPath {
        ConfigPath(steps: steps + [.index(position)])
    }

    /// The path one step up; the root is its own parent.
    public var parent: ConfigPath { ConfigPath(steps: steps.dropLast()) }

    /// This path seen from `base`: both joined.
    public func appending(_ other: ConfigPath) -> ConfigPath {
        ConfigPath(steps: steps + other.steps)
    }

    public var description: String {
        var text = ""
        for step in steps {
            switch step {
            case .key(let name): text += text.isEmpty ? name : "." + name
            case .index(let position): text += "[\(position)]"
            }
        }
        return text
    }
}
