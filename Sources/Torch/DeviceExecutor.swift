import Foundation

/// One dedicated thread that runs an actor's jobs in order.
///
/// libtorch's gradient mode, streams and OpenMP team belong to a thread, so an actor that owns
/// tensors gives this as its `unownedExecutor`:
///
/// ```swift
/// actor PolicyHost {
///     private let executor = DeviceExecutor(name: "policy")
///     nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
/// }
/// ```
public final class DeviceExecutor: SerialExecutor {
    private let queue: JobQueue

    /// - Parameters:
    ///   - name: shown by debuggers and process viewers.
    ///   - stackBytes: the thread's stack; a deep autograd graph or a long parse needs more than
    ///     the 512 KiB that worker threads commonly have.
    public init(name: String, stackBytes: Int = 64 << 20) {
        let queue = JobQueue()
        self.queue = queue
        let thread = Thread { queue.run() }
        thread.name = name
        thread.stackSize = stackBytes
        thread.start()
    }

    deinit { queue.close() }

    public func enqueue(_ job: consuming ExecutorJob) {
        queue.add(UnownedJob(job), for: asUnownedSerialExecutor())
    }

    public func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }

    /// Lets code that is known to run here assume the actor's isolation.
    public func checkIsolated() {
        precondition(isCurrent, "this code runs outside its device's thread")
    }

    /// Whether the caller runs on this executor's thread.
    public var isCurrent: Bool { queue.isCurrent }
}

/// The jobs that wait for the thread.
///
/// `@unchecked Sendable`: every access to the mutable state is under `condition`'s lock.
private final class JobQueue: @unchecked Sendable {
    private let condition = NSCondition()
    private var jobs: [(UnownedJob, UnownedSerialExecutor)] = []
    private var isClosed = false
    private var thread: Thread?

    var isCurrent: Bool {
        condition.lock()
        defer { condition.unlock() }
        return thread === Thread.current
    }

    func add(_ job: UnownedJob, for executor: UnownedSerialExecutor) {
        condition.lock()
        jobs.append((job, executor))
        condition.signal()
        condition.unlock()
    }

    func close() {
        condition.lock()
        isClosed = true
        condition.signal()
        condition.unlock()
    }

    func run() {
        condition.lock()
        thread = Thread.current
        condition.unlock()
        while true {
            condition.lock()
            while jobs.isEmpty && !isClosed { condition.wait() }
            let batch = jobs
            jobs.removeAll(keepingCapacity: true)
            let isDone = isClosed && batch.isEmpty
            condition.unlock()
            if isDone { return }
            for (job, executor) in batch { job.runSynchronously(on: executor) }
        }
    }
}
