import HoneCore

/// A comparison of rewards as a person reads it.
struct ComparisonText {
    private let comparison: RewardComparison

    init(_ comparison: RewardComparison) { self.comparison = comparison }

    var text: String {
        guard comparison.completions > 0 else {
            return
                "nothing is stored yet to try the version on; it can be loaded, and no more is known"
        }
        return ([heading] + table + [""] + signal + failures + shifts).joined(separator: "\n")
            + "\n"
    }

    private var heading: String {
        let each = comparison.seconds / Double(comparison.completions)
        return "\(comparison.completions) completions in \(comparison.groups) groups of steps "
            + "\(comparison.firstStep ?? 0) to \(comparison.lastStep ?? 0), scored again in "
            + "\(Figure.plain(comparison.seconds)) s (\(Figure.plain(each * 1000)) ms each)"
    }

    private var table: [String] {
        let header = ["reward", "old mean", "old std", "new mean", "new std", "changed", "failed"]
        var cells = [header]
        let without = comparison.completions - comparison.new.count
        cells.append(
            row("total", comparison.old, comparison.new, changed: "", failed: "\(without)"))
        for function in comparison.functions {
            cells.append(
                row(
                    function.name, function.old, function.new, changed: "\(function.changed)",
                    failed: "\(function.failures)"))
        }
        return TextTable.lines(of: cells)
    }

    private func row(
        _ name: String, _ old: RewardComparison.Spread, _ new: RewardComparison.Spread,
        changed: String, failed: String
    ) -> [String] {
        let numbers = [old.mean, old.deviation, new.mean, new.deviation]
        return [name] + numbers.map(Figure.measured) + [changed, failed]
    }

    private var signal: [String] {
        let signal = comparison.signal
        let flips = comparison.flips
        return [
            "groups with signal: \(signal.old) before, \(signal.new) now "
                + "(\(signal.gained) would gain it, \(signal.lost) would lose it)",
            "advantages whose sign flips: \(flips.flipped) of \(flips.compared)",
        ]
    }

    private var failures: [String] {
        guard !comparison.failures.isEmpty else { return [] }
        let shown = comparison.failures.prefix(5).map {
            "  \($0.count) × \($0.function) \($0.message)"
        }
        let more = comparison.failures.count - shown.count
        return ["failures"] + shown + (more > 0 ? ["  and \(more) more kinds"] : [])
    }

    private var shifts: [String] {
        guard !comparison.largest.isEmpty else { return [] }
        return ["largest changes"]
            + comparison.largest.map { shift in
                "  step \(shift.step), row \(shift.row), completion \(shift.member): "
                    + "\(Figure.plain(shift.old)) → \(Figure.plain(shift.new))"
            }
    }
}
