import Foundation
import HoneCore

/// Persistent Python processes that score completions.
///
/// Each worker runs one call at a time under a deadline. A call that misses it, or takes its process
/// down, fails alone: the process group is killed, a new worker takes its place, and the calls behind
/// it are made there or by another worker. Processes end with the pool, at ``shutDown()`` or when the
/// last reference to the pool goes, and the kernel ends them if this program dies.
public final class WorkerPool: Sendable {
    public let functions: [WorkerFunction]
    /// What the reward files printed while they were loaded.
    public let output: String
    private let styles: [WorkerFunction.Style]
    private let queue: JobQueue
    private let ended: CompletionCount

    /// Starts `count` workers and loads `functions` in each.
    /// - Throws: ``RewardError`` if Python cannot be started or a function cannot be loaded.
    public init(
        launch: WorkerLaunch, functions: [WorkerFunction], count: Int = 2
    ) async throws(RewardError) {
        precondition(count > 0)
        self.functions = functions
        let queue = JobQueue(lanes: count)
        let ended = CompletionCount(count)
        self.queue = queue
        self.ended = ended
        let lane = WorkerLane(launch: launch, functions: functions, queue: queue)
        let results = await withTaskGroup(of: Result<WorkerLane.Loaded, RewardError>.self) {
            tasks in
            for _ in 0..<count {
                tasks.addTask {
                    await withCheckedContinuation { continuation in
                        lane.start(
                            ready: { continuation.resume(returning: $0) },
                            done: { ended.completeOne() })
                    }
                }
            }
            var results: [Result<WorkerLane.Loaded, RewardError>] = []
            for await result in tasks { results.append(result) }
            return results
        }
        var loaded: WorkerLane.Loaded?
        var failure: RewardError?
        for result in results {
            switch result {
            case .success(let value): loaded = loaded ?? value
            case .failure(let error): failure = failure ?? error
            }
        }
        guard let loaded, failure == nil else {
            queue.close()
            await ended.wait()
            guard let failure else { preconditionFailure("no worker and no reason") }
            throw failure
        }
        output = loaded.output
        styles = loaded.styles
    }

    deinit { queue.close() }

    /// How the function at `index` of ``functions`` is called.
    func style(of index: Int) -> WorkerFunction.Style { styles[index] }

    /// Ends all workers. Jobs that have not begun fail; a call that is running may finish within its
    /// deadline.
    public func shutDown() async {
        queue.close()
        await ended.wait()
    }

    /// Scores a group with the function at `index` of ``functions``.
    func assess(_ request: GradingRequest, function index: Int) async -> [Assessment] {
        guard !request.completions.isEmpty else { return [] }
        let function = functions[index]
        return await withCheckedContinuation { continuation in
            queue.add(
                GradingJob(
                    function: index, name: function.name, style: styles[index],
                    timeout: function.timeout, request: request
                ) { continuation.resume(returning: $0) })
        }
    }
}
