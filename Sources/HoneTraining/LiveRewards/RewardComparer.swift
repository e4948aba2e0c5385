import HoneCore

/// Compares recorded rewards with what other reward functions say of the same completions, step by step.
public struct RewardComparer {
    private let advantages: AdvantageEstimator
    private var oldTotals: [Double] = []
    private var newTotals: [Double] = []
    private var completions = 0
    private var groups = 0
    private var names: [String] = []
    private var tallies: [String: Tally] = [:]
    private var failures: [RewardComparison.Failure] = []
    private var signal = RewardComparison.Signal(old: 0, new: 0, gained: 0, lost: 0)
    private var flips = RewardComparison.Flips(flipped: 0, compared: 0)
    private var largest: [RewardComparison.Shift] = []
    private var steps: [RewardComparison.Step] = []

    private struct Tally {
        var old: [Double] = []
        var new: [Double] = []
        var changed = 0
        var failures = 0
    }

    /// How many of the completions that change most are named.
    private static let mostShifts = 5
    /// Below this an advantage has no sign, and two scores are the same: what rounding leaves of 0.
    private static let nothing = 1e-6

    /// - Parameter advantages: how advantages follow from what the new functions say. Where a completion's
    ///   own advantage is not recorded, it is taken from the recorded totals in the same way.
    public init(advantages: AdvantageEstimator) { self.advantages = advantages }

    /// A completion under both sets of functions.
    public struct Pair: Sendable {
        public var recorded: RecordedCompletion
        public var verdict: Verdict
        /// The recorded advantage; where the step did not learn from it, what it would have been.
        public var oldAdvantage: Double?
        public var newAdvantage: Double?
    }

    /// Takes in all groups of one step.
    /// - Parameters:
    ///   - recorded: the groups.
    ///   - verdicts: [P][G] what the new functions say of them.
    /// - Returns: [P][G] each completion under both.
    @discardableResult
    public mutating func add(
        _ recorded: [RecordedGroup], _ verdicts: [[Verdict]]
    ) -> [[Pair]] {
        let old = advantages.advantages(of: recorded.map { $0.completions.map(\.reward) })
        let new = advantages.advantages(of: verdicts)
        var pairs: [[Pair]] = []
        for (index, group) in recorded.enumerated() {
            pairs.append(
                group.completions.indices.map { member in
                    let completion = group.completions[member]
                    return Pair(
                        recorded: completion, verdict: verdicts[index][member],
                        oldAdvantage: completion.advantage ?? old[index][member].map(Double.init),
                        newAdvantage: new[index][member].map(Double.init))
                })
        }
        let flippedBefore = flips.flipped
        for (group, members) in zip(recorded, pairs) { add(group, members) }
        if let step = recorded.first?.step {
            let all = pairs.joined()
            steps.append(
                RewardComparison.Step(
                    step: step, old: Self.summary(all.compactMap(\.recorded.reward)).mean,
                    new: Self.summary(all.compactMap { $0.verdict.reward?.total }).mean,
                    flipped: flips.flipped - flippedBefore))
        }
        return pairs
    }

    private mutating func add(_ group: RecordedGroup, _ members: [Pair]) {
        groups += 1
        completions += members.count
        let had = Self.differ(members.compactMap(\.recorded.reward))
        let has = Self.differ(members.compactMap { $0.verdict.reward?.total })
        signal.old += had ? 1 : 0
        signal.new += has ? 1 : 0
        signal.gained += has && !had ? 1 : 0
        signal.lost += had && !has ? 1 : 0
        for (member, pair) in members.enumerated() {
            let (old, new) = (pair.recorded.reward, pair.verdict.reward?.total)
            if let old { oldTotals.append(old) }
            if let new { newTotals.append(new) }
            if let old, let new {
                note(
                    RewardComparison.Shift(
                        step: group.step, row: group.row.index, member: member, old: old, new: new))
            }
            if let a = pair.oldAdvantage, let b = pair.newAdvantage {
                flips.compared += 1
                let points = abs(a) > Self.nothing && abs(b) > Self.nothing
                if points, (a > 0) != (b > 0) { flips.flipped += 1 }
            }
            tally(pair)
        }
    }

    private mutating func tally(_ pair: Pair) {
        var seen: Set<String> = []
        for component in pair.verdict.components {
            seen.insert(component.name)
            let before = pair.recorded.scores[component.name] ?? nil
            change(component.name) { tally in
                if let before { tally.old.append(before) }
                if let score = component.score { tally.new.append(score) }
                if let before, let score = component.score, abs(before - score) > Self.nothing {
                    tally.changed += 1
                }
                if component.failure != nil { tally.failures += 1 }
            }
            if let failure = component.failure { note(failure) }
        }
        for (name, score) in pair.recorded.scores.sorted(by: { $0.key < $1.key })
        where !seen.contains(name) {
            if let score { change(name) { $0.old.append(score) } }
        }
    }

    private mutating func change(_ name: String, _ body: (inout Tally) -> Void) {
        if tallies[name] == nil { names.append(name) }
        body(&tallies[name, default: Tally()])
    }

    private mutating func note(_ failure: GraderFailure) {
        let message = "\(failure.kind.rawValue): \(failure.message)"
        let place = failures.firstIndex {
            $0.function == failure.function && $0.message == message
        }
        if let place {
            failures[place].count += 1
        } else {
            failures.append(.init(function: failure.function, message: message, count: 1))
        }
    }

    private mutating func note(_ shift: RewardComparison.Shift) {
        let size = abs(shift.new - shift.old)
        guard size > Self.nothing else { return }
        let place = largest.firstIndex { abs($0.new - $0.old) < size } ?? largest.count
        guard place < Self.mostShifts else { return }
        largest.insert(shift, at: place)
        if largest.count > Self.mostShifts { largest.removeLast() }
    }

    /// What was found so far.
    /// - Parameter seconds: how long scoring took.
    public func comparison(seconds: Double) -> RewardComparison {
        RewardComparison(
            completions: completions, groups: groups, firstStep: steps.first?.step,
            lastStep: steps.last?.step, old: Self.summary(oldTotals), new: Self.summary(newTotals),
            functions: names.compactMap { name in
                tallies[name].map { tally in
                    RewardComparison.Function(
                        name: name, old: Self.summary(tally.old), new: Self.summary(tally.new),
                        changed: tally.changed, failures: tally.failures)
                }
            },
            failures: failures.enumerated().sorted {
                ($1.element.count, $0.offset) < ($0.element.count, $1.offset)
            }.map(\.element), seconds: seconds, signal: signal, flips: flips, largest: largest,
            steps: steps)
    }

    private static func differ(_ rewards: [Double]) -> Bool { Spread(of: rewards).deviation > 0 }

    private static func summary(_ values: [Double]) -> RewardComparison.Spread {
        let spread = Spread(of: values)
        return values.isEmpty
            ? .init(count: 0, mean: nil, deviation: nil)
            : .init(count: values.count, mean: spread.mean, deviation: spread.deviation)
    }
}
