import Foundation
import HoneCore
import OrderedCollections

/// Shows a run in an experiment tracker (Weights & Biases, MLflow) through the tracker's own Python
/// library.
///
/// The library runs in a process of its own, which is fed from a bounded queue: a slow, hanging, missing
/// or crashing library costs the run neither time nor life, only its own picture. What it prints goes to
/// `OUTPUT/trackers/NAME.log`.
public actor Tracker: RunObserver {
    private let kind: ReportTarget
    private let folder: URL
    private let events: URL
    private let config: JSONValue
    private let python: String
    private let queue = TrackerQueue(capacity: 10_000)
    private var process: TrackerProcess?
    private let onProblem: @Sendable (String) -> Void

    /// The process starts with the run.
    /// - Parameters:
    ///   - kind: which tracker.
    ///   - folder: for its files and its log.
    ///   - events: the run's own record, from which a resumed run's tracker gets what a kill kept from
    ///     it.
    ///   - config: the recipe, shown beside the run.
    ///   - python: the interpreter that has the library.
    ///   - onProblem: is told what goes wrong, in a sentence.
    public init(
        _ kind: ReportTarget, folder: URL, events: URL, config: JSONValue, python: String,
        onProblem: @escaping @Sendable (String) -> Void
    ) {
        self.kind = kind
        self.folder = folder
        self.events = events
        self.config = config
        self.python = python
        self.onProblem = { onProblem("\(kind.rawValue): \($0)") }
    }

    public func record(_ event: RunEvent) async {
        switch event {
        case .started(let run): start(run)
        case .step(let record): add(record.metrics, prefix: "", step: record.step)
        case .evaluated(let record): add(record.metrics, prefix: "eval/", step: record.step)
        case .finished: await finish("finished")
        case .failed: await finish("failed")
        case .checkpointed, .warning, .rewardsChanged, .rewardsAnswered: break
        }
    }

    private func start(_ run: RunDescription) {
        let start: JSONObject = [
            "tracker": .string(kind.rawValue), "name": .string(run.name),
            "folder": .string(folder.absoluteURL.path), "config": config,
            "events": .string(events.absoluteURL.path), "resumed_from": .int(run.resumedFrom),
        ]
        queue.add(JSONValue.object(start).text())
        do {
            process = try TrackerProcess(
                python: python, log: folder.appending(path: "\(kind.rawValue).log"), queue: queue,
                onProblem: onProblem)
        } catch {
            queue.close()
            onProblem("\(python) cannot be started: \(error)")
        }
    }

    private func add(_ metrics: OrderedMetrics, prefix: String, step: Int) {
        let values = metrics.filter { $0.value.isFinite }.map {
            (prefix + $0.name, JSONValue.double($0.value))
        }
        let line: JSONObject = [
            "step": .int(step), "metrics": .object(JSONObject(values) { _, last in last }),
        ]
        queue.add(JSONValue.object(line).text())
    }

    /// Seconds that the library has at the end of a run to send what it still holds.
    private static let patience = 30.0

    private func finish(_ status: String) async {
        let line: JSONObject = ["finish": .string(status)]
        queue.add(JSONValue.object(line).text())
        queue.close()
        guard let process else { return }
        if await !process.ended(within: Self.patience) {
            onProblem(
                "did not finish within \(Int(Self.patience)) s and was ended; "
                    + "its picture of the run may lack the end")
        }
        if queue.lost > 0 {
            onProblem("\(queue.lost) records were lost, since it was too slow")
        }
    }
}
