import HoneCore
import HoneStore
import HoneTraining
import OrderedCollections

/// What tells runs apart.
struct RunComparison {
    let runs: [StoredRun]
    /// Keys of the recipes, and the value in each run; nil where a run has none.
    let recipeDifferences: OrderedDictionary<String, [JSONValue?]>
    /// The curve of each metric in each run; empty where a run does not have it.
    let metrics: [(phase: Phase, curves: OrderedDictionary<String, [[(step: Int, value: Double)]]>)]
    /// The latest completion that each run gave to rows that all were asked.
    let rows: [(row: Int, records: [CompletionRecord])]

    /// - Parameters:
    ///   - metric: only metrics whose name holds this; nil for all.
    ///   - count: completions of so many rows.
    init(runs: [StoredRun], in store: Store, metric: String?, rows count: Int) throws {
        self.runs = runs
        let recipes = try runs.map { run in
            var values: OrderedDictionary<String, JSONValue> = [:]
            let recipe = try RecipeYAML.document(run.recipe, file: "\(run.name)/recipe.yaml")
            Self.flatten(recipe.root, "", into: &values)
            return values
        }
        let keys = recipes.reduce(into: OrderedSet<String>()) { $0.formUnion($1.keys) }
        recipeDifferences = OrderedDictionary(
            uniqueKeysWithValues: keys.map { key in (key, recipes.map { $0[key] }) }
                .filter { Set($0.1).count > 1 })
        metrics = try Phase.allCases.map { phase in
            let names = try runs.reduce(into: OrderedSet<String>()) { names, run in
                names.formUnion(try store.metricNames(of: run, phase))
            }
            let wanted = names.filter { name in metric.map { name.contains($0) } ?? true }
            return (
                phase,
                OrderedDictionary(
                    uniqueKeysWithValues: try wanted.map { name in
                        (name, try runs.map { try store.curve(of: name, in: $0, phase) })
                    })
            )
        }
        rows = try Self.sharedRows(runs, in: store, count: count)
    }

    /// Held-out rows where all runs have some, else rows of training, the lowest numbers first.
    private static func sharedRows(
        _ runs: [StoredRun], in store: Store, count: Int
    ) throws -> [(row: Int, records: [CompletionRecord])] {
        for phase in [Phase.evaluation, .training] {
            let shared =
                try runs.map { Set(try store.rows(of: $0, phase)) }
                .reduce(nil as Set<Int>?) { $0?.intersection($1) ?? $1 } ?? []
            guard !shared.isEmpty else { continue }
            return try shared.sorted().prefix(count).map { row in
                var query = CompletionQuery()
                (query.phase, query.row, query.limit) = (phase, row, 1)
                query.direction = .descending
                return (row, try runs.flatMap { try store.completions(of: $0, query) })
            }
        }
        return []
    }

    /// `{"a": {"b": 1}}` as `a.b`: 1.
    private static func flatten(
        _ value: JSONValue, _ path: String, into values: inout OrderedDictionary<String, JSONValue>
    ) {
        guard case .object(let members) = value, !members.isEmpty else {
            values[path] = value
            return
        }
        for (key, member) in members {
            flatten(member, path.isEmpty ? key : "\(path).\(key)", into: &values)
        }
    }

    var json: JSONObject {
        var differences = JSONObject()
        for (key, values) in recipeDifferences {
            differences[key] = .array(values.map { $0 ?? .null })
        }
        var members: JSONObject = [
            "runs": .array(runs.map { .object($0.summary) }), "recipe": .object(differences),
        ]
        for (phase, curves) in metrics {
            members[phase.name] = .object(
                JSONObject(
                    uniqueKeysWithValues: curves.map { name, curves in
                        (name, .array(curves.map(Self.json)))
                    }))
        }
        members["completions"] = .array(
            rows.map { row, records in
                ["row": .int(row), "records": .array(records.map { .object($0.json) })]
            })
        return members
    }

    private static func json(_ curve: [(step: Int, value: Double)]) -> JSONValue {
        .array(
            curve.map { [.int($0.step), $0.value.isFinite ? .double($0.value) : .null] })
    }
}
