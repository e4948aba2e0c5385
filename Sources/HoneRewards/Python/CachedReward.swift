import HoneCore

/// Remembers what a reward function said, by prompt, columns and completion, for functions that are
/// slow or cost money. Only values are kept: a failure is asked again.
///
/// Only for a function that scores each completion on its own.
actor CachedReward: AssessingRewardFunction {
    nonisolated let name: String
    private let function: any AssessingRewardFunction
    private var known: [Row: [String: Assessment]] = [:]
    private var count = 0
    /// Assessments kept; when full, all are forgotten, which costs calls and changes nothing else.
    private let capacity: Int

    private struct Row: Hashable {
        let prompt: String
        let columns: JSONObject
    }

    init(_ function: any AssessingRewardFunction, capacity: Int = 100_000) {
        name = function.name
        self.function = function
        self.capacity = capacity
    }

    func assess(_ request: GradingRequest) async -> [Assessment] {
        let row = Row(prompt: request.prompt, columns: request.row.columns)
        let found = request.completions.map { known[row]?[$0] }
        var missing = request
        missing.completions = zip(request.completions, found).compactMap { $1 == nil ? $0 : nil }
        guard !missing.completions.isEmpty else { return found.compactMap(\.self) }
        let fresh = await function.assess(missing)
        guard fresh.count == missing.completions.count else { return fresh }
        remember(fresh, of: missing.completions, in: row)
        var next = fresh.makeIterator()
        return found.compactMap { $0 ?? next.next() }
    }

    private func remember(_ assessments: [Assessment], of completions: [String], in row: Row) {
        for (completion, var assessment) in zip(completions, assessments) {
            guard case .value = assessment.score else { continue }
            if count >= capacity { (known, count) = ([:], 0) }
            // What it printed belongs to the call that was made.
            assessment.output = ""
            assessment.seconds = nil
            if known[row, default: [:]].updateValue(assessment, forKey: completion) == nil {
                count += 1
            }
        }
    }
}
