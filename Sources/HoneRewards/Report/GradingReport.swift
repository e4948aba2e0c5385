import HoneCore

/// What grading many completions showed: collected one by one, then printed for a person.
public struct GradingReport: Sendable {
    private let names: [String]
    private var total = ScoreDistribution()
    private var scores: [ScoreDistribution]
    private var abstentions: [Int]
    private var failures: [Int]
    private var warnings: [Int]
    private var rows = 0
    private var excluded = 0
    /// Failures by function and message with the first row they occurred in.
    private var reasons: [Reason: (count: Int, firstRow: Int)] = [:]
    private var slowest: [SlowCall] = []

    private struct Reason: Hashable {
        let function: String
        let kind: String
        let message: String
    }

    private struct SlowCall: Sendable {
        let function: String
        let row: Int
        let seconds: Double
    }

    /// How many lines lists may have.
    private static let listLimit = 5

    /// - Parameter names: of the reward functions in their order.
    public init(names: [String]) {
        self.names = names
        scores = names.map { _ in ScoreDistribution() }
        abstentions = names.map { _ in 0 }
        failures = abstentions
        warnings = abstentions
    }

    /// Takes in one completion.
    /// - Parameters:
    ///   - verdict: what the functions together say.
    ///   - assessments: what each of them says.
    ///   - row: number of the input row.
    public mutating func add(_ verdict: Verdict, _ assessments: [Assessment], row: Int) {
        rows += 1
        if let reward = verdict.reward { total.add(reward.total) }
        if verdict.failure != nil { excluded += 1 }
        for (index, assessment) in assessments.enumerated() {
            switch assessment.score {
            case .value(let value): scores[index].add(value)
            case .abstained: abstentions[index] += 1
            case .failed(let failure):
                failures[index] += 1
                let reason = Reason(
                    function: names[index], kind: failure.kind.rawValue, message: failure.message)
                reasons[reason, default: (0, row)].count += 1
            }
            if assessment.warning != nil { warnings[index] += 1 }
            if let seconds = assessment.seconds {
                noteDuration(SlowCall(function: names[index], row: row, seconds: seconds))
            }
        }
    }

    private mutating func noteDuration(_ call: SlowCall) {
        if slowest.count == Self.listLimit, call.seconds <= slowest[slowest.count - 1].seconds {
            return
        }
        let place = slowest.firstIndex { $0.seconds < call.seconds } ?? slowest.count
        slowest.insert(call, at: place)
        if slowest.count > Self.listLimit { slowest.removeLast() }
    }

    /// The report: a table of the functions, a histogram of the totals, failures and slow calls.
    public var text: String {
        var lines = table
        if excluded > 0 {
            lines.append(
                "\(excluded) of \(rows) completions have no total: a reward function failed.")
        }
        lines += ["", "total"] + histogram + failureLines + slowLines
        return lines.joined(separator: "\n") + "\n"
    }

    private var table: [String] {
        let header = [
            "reward", "count", "mean", "std", "min", "median", "max", "failed", "abstained",
            "no number",
        ]
        var cells = [header, row("total", total, [excluded, 0, 0])]
        for (index, name) in names.enumerated() {
            cells.append(
                row(name, scores[index], [failures[index], abstentions[index], warnings[index]]))
        }
        return TextTable.lines(of: cells)
    }

    private func row(
        _ name: String, _ distribution: ScoreDistribution, _ counts: [Int]
    ) -> [String] {
        let numbers: [String]
        if let spread = distribution.spread, let range = distribution.quantiles([0, 0.5, 1]) {
            numbers = ([spread.mean, spread.deviation] + range).map(Self.number)
        } else {
            numbers = Array(repeating: "–", count: 5)
        }
        return [name, String(distribution.count)] + numbers + counts.map(String.init)
    }

    private var histogram: [String] {
        let bins = total.histogram()
        guard !bins.isEmpty else { return ["  none"] }
        let labelled = bins.map { bin in
            let (lower, upper) = (Self.number(bin.lower), Self.number(bin.upper))
            return (bin.lower == bin.upper ? lower : "\(lower) to \(upper)", bin.count)
        }
        return TextTable.bars(labelled).map { "  " + $0 }
    }

    private var failureLines: [String] {
        guard !reasons.isEmpty else { return [] }
        let sorted = reasons.sorted {
            ($1.value.count, $0.value.firstRow) < ($0.value.count, $1.value.firstRow)
        }
        let shown = sorted.prefix(Self.listLimit).map { reason, seen in
            "  \(seen.count) × \(reason.function) \(reason.kind): \(reason.message) "
                + "(first in row \(seen.firstRow))"
        }
        let more = sorted.count - shown.count
        return ["", "failures"] + shown + (more > 0 ? ["  and \(more) more kinds"] : [])
    }

    private var slowLines: [String] {
        guard !slowest.isEmpty else { return [] }
        return ["", "slowest"]
            + slowest.map { "  \(Self.duration($0.seconds))  \($0.function), row \($0.row)" }
    }

    private static func number(_ value: Double) -> String { value.decimalText(digits: 4) }

    private static func duration(_ seconds: Double) -> String {
        switch seconds {
        case ..<1e-3: (seconds * 1e6).decimalText(digits: 0) + " µs"
        case ..<1: (seconds * 1e3).decimalText(digits: 1) + " ms"
        default: seconds.decimalText(digits: 2) + " s"
        }
    }
}
