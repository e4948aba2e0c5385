import Foundation
import HoneCore

/// A run as the store knows it.
public struct StoredRun: Sendable, Hashable {
    /// The store's number of the run.
    public var id: Int64
    /// What commands call it: the recipe's name, with a number where it was taken.
    public var name: String
    /// The recipe's name.
    public var title: String
    public var method: String
    public var model: String
    /// Where its artifacts are; empty for a run that left none, as measurements of earlier versions.
    public var folder: String
    public var state: State
    public var totalSteps: Int
    /// The latest step recorded.
    public var step: Int
    public var startedAt: Date
    public var updatedAt: Date
    /// Why it failed.
    public var message: String?
    /// The folder with the adapter or model, once finished.
    public var output: String?
    /// What was told of it at the start, by name.
    public var facts: JSONObject
    /// The resolved recipe as YAML.
    public var recipe: String

    /// How a run stands.
    public enum State: String, Sendable, Hashable, CaseIterable {
        case running, finished, failed
        /// Its process ended without a word, as after `kill -9`; `--resume` continues it.
        case stopped
    }
}

/// The metrics of one step or of one evaluation.
public struct StepMetrics: Sendable {
    public var step: Int
    public var at: Date
    /// What was not a number is NaN.
    public var metrics: OrderedMetrics
}

/// What is known of a run before it starts.
public struct RunRegistration: Sendable {
    /// The recipe's name.
    public var title: String
    public var method: String
    public var model: String
    /// Where its artifacts are, empty for none; what identifies the run when it is resumed.
    public var folder: String
    /// The resolved recipe as YAML.
    public var recipe: String
    public var rewards: [RewardVersion.Content]
    /// Those that score evaluations alone; none where ``rewards`` do.
    public var evaluationRewards: [RewardVersion.Content]
    public var beginning: Beginning

    public init(
        title: String, method: String, model: String, folder: String, recipe: String,
        rewards: [RewardVersion.Content], evaluationRewards: [RewardVersion.Content] = [],
        beginning: Beginning = .new
    ) {
        self.title = title
        self.method = method
        self.model = model
        self.folder = folder
        self.recipe = recipe
        self.rewards = rewards
        self.evaluationRewards = evaluationRewards
        self.beginning = beginning
    }

    /// Whether a run in the same folder is this one.
    public enum Beginning: Sendable, Hashable {
        case new
        /// Goes on as the run that the store knows in this folder; as a new one where it knows none.
        case resumed
    }
}

/// A reward function as it was from some step on.
public struct RewardVersion: Sendable, Hashable {
    /// What makes a version: two with the same content are the same.
    public struct Content: Sendable, Hashable {
        /// The declared name of the function.
        public var function: String
        /// Its part of the recipe, as JSON.
        public var declaration: String
        /// The text of its file; nil for functions that are built in.
        public var source: String?

        public init(function: String, declaration: String, source: String?) {
            self.function = function
            self.declaration = declaration
            self.source = source
        }

        /// What makes `reward` the version that it is, of its texts that of the function itself.
        init(_ reward: VersionedReward) {
            self.init(
                function: reward.function, declaration: reward.declaration.configJSON.text(),
                source: reward.source.flatMap { $0.texts[$0.name] })
        }
    }

    public var content: Content
    /// From 1.
    public var version: Int
    /// The first step that it scored.
    public var firstStep: Int
    public var at: Date

    /// `format_v2`.
    public var name: String { "\(content.function)_v\(version)" }
}
