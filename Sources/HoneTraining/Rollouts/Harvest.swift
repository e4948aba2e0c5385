import HoneCore

/// The graded groups of one step: all that were asked, and those it learns from.
struct Harvest {
    /// In the order of asking.
    private(set) var asked: [RolloutGroup] = []
    /// Places in ``asked`` of the groups that the step learns from, at most `wanted`.
    private var places: [Int] = []
    /// Batches of prompts asked so far.
    private(set) var rounds = 0
    /// Passes over the dataset before the step.
    private(set) var epoch = 0.0
    private let wanted: Int
    private let selection: any GroupSelection

    init(wanted: Int, selection: any GroupSelection) {
        self.wanted = wanted
        self.selection = selection
    }

    var wantsMore: Bool { places.count < wanted && rounds < selection.batchLimit }

    mutating func add(_ groups: [RolloutGroup], epoch: Double) {
        if rounds == 0 { self.epoch = epoch }
        rounds += 1
        for group in groups {
            if places.count < wanted, selection.keeps(group) { places.append(asked.count) }
            asked.append(group)
        }
    }

    /// [P] what the step learns from.
    var kept: [RolloutGroup] { places.map { asked[$0] } }

    /// What dynamic sampling cost; nothing where a step asks one batch.
    var metrics: OrderedMetrics {
        guard selection.batchLimit > 1 else { return [] }
        return [
            ("dynamic_sampling/num_gen_batches", Double(rounds)),
            ("dynamic_sampling/groups", Double(asked.count)),
            ("dynamic_sampling/kept_groups", Double(places.count)),
        ]
    }

    /// Every completion with its advantage; those of groups that were not kept have none.
    /// - Parameter advantages: [P][G] of ``kept``.
    func records(_ advantages: [[Float?]]) -> [GradedRollout] {
        let known = Dictionary(uniqueKeysWithValues: zip(places, advantages))
        return asked.enumerated().flatMap { place, group in
            zip(group.rollouts, group.verdicts).enumerated().map { member, graded in
                GradedRollout(
                    rollout: graded.0, verdict: graded.1, advantage: known[place]?[member])
            }
        }
    }
}
