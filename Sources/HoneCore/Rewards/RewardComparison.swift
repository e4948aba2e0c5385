/// The same completions under two sets of reward functions: as they were scored, and as others score
/// them.
///
/// What it cannot say: what the policy would have become under the other functions. The completions are
/// those that the recorded rewards led to.
public struct RewardComparison: Sendable, Hashable, Codable {
    public var completions: Int
    public var groups: Int
    /// `nil` when there was nothing to score.
    public var firstStep: Int?
    public var lastStep: Int?
    public var old: Spread
    public var new: Spread
    public var functions: [Function]
    /// The commonest first.
    public var failures: [Failure]
    /// Wall time of scoring all completions.
    public var seconds: Double
    public var signal: Signal
    public var flips: Flips
    /// The completions whose reward changes most, the largest first.
    public var largest: [Shift]
    public var steps: [Step]

    /// Rewards or scores of completions that have one.
    public struct Spread: Sendable, Hashable, Codable {
        public var count: Int
        /// `nil` where ``count`` is 0.
        public var mean: Double?
        /// √(Σ(x − mean)² / (n − 1)), 0 for one number; `nil` where ``count`` is 0.
        public var deviation: Double?

        public init(count: Int, mean: Double?, deviation: Double?) {
            self.count = count
            self.mean = mean
            self.deviation = deviation
        }
    }

    /// One reward function on both sides; a side without the function counts 0 scores.
    public struct Function: Sendable, Hashable, Codable {
        public var name: String
        public var old: Spread
        public var new: Spread
        /// Completions that have a score on both sides, and not the same.
        public var changed: Int
        /// Failures of the new function.
        public var failures: Int

        public init(name: String, old: Spread, new: Spread, changed: Int, failures: Int) {
            self.name = name
            self.old = old
            self.new = new
            self.changed = changed
            self.failures = failures
        }
    }

    /// Failures of new functions that read the same.
    public struct Failure: Sendable, Hashable, Codable {
        public var function: String
        public var message: String
        public var count: Int

        public init(function: String, message: String, count: Int) {
            self.function = function
            self.message = message
            self.count = count
        }
    }

    /// Groups whose rewards differ, so that something can be learnt from them.
    public struct Signal: Sendable, Hashable, Codable {
        public var old: Int
        public var new: Int
        /// Without signal as recorded, with it under the new functions.
        public var gained: Int
        public var lost: Int

        public init(old: Int, new: Int, gained: Int, lost: Int) {
            self.old = old
            self.new = new
            self.gained = gained
            self.lost = lost
        }
    }

    /// Advantages that point the other way.
    public struct Flips: Sendable, Hashable, Codable {
        /// Positive here and negative there. An advantage of 0 has no sign.
        public var flipped: Int
        /// Completions with an advantage on both sides.
        public var compared: Int

        public init(flipped: Int, compared: Int) {
            self.flipped = flipped
            self.compared = compared
        }
    }

    /// A completion whose reward changes.
    public struct Shift: Sendable, Hashable, Codable {
        public var step: Int
        /// Of the dataset.
        public var row: Int
        /// Its place in the group, from 0.
        public var member: Int
        public var old: Double
        public var new: Double

        public init(step: Int, row: Int, member: Int, old: Double, new: Double) {
            self.step = step
            self.row = row
            self.member = member
            self.old = old
            self.new = new
        }
    }

    /// One step: a point of both curves.
    public struct Step: Sendable, Hashable, Codable {
        public var step: Int
        /// Mean rewards; `nil` where no completion has one.
        public var old: Double?
        public var new: Double?
        public var flipped: Int

        public init(step: Int, old: Double?, new: Double?, flipped: Int) {
            self.step = step
            self.old = old
            self.new = new
            self.flipped = flipped
        }
    }

    public init(
        completions: Int, groups: Int, firstStep: Int?, lastStep: Int?, old: Spread, new: Spread,
        functions: [Function], failures: [Failure], seconds: Double, signal: Signal, flips: Flips,
        largest: [Shift], steps: [Step]
    ) {
        self.completions = completions
        self.groups = groups
        self.firstStep = firstStep
        self.lastStep = lastStep
        self.old = old
        self.new = new
        self.functions = functions
        self.failures = failures
        self.seconds = seconds
        self.signal = signal
        self.flips = flips
        self.largest = largest
        self.steps = steps
    }
}
