import Foundation
import HoneCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One worker process and the thread that drives it.
///
/// The thread owns the process wholly: it starts it, talks to it, ends it at a missed deadline and
/// starts the next. The kernel ends the process should the thread vanish (`PR_SET_PDEATHSIG`), so the
/// thread must outlive it, which a task of the shared pool would not promise.
struct WorkerLane: Sendable {
    let launch: WorkerLaunch
    let functions: [WorkerFunction]
    let queue: JobQueue

    /// How long an idle worker may take to leave when the pool closes.
    private static let grace = Duration.milliseconds(500)

    /// What loading the functions showed.
    struct Loaded: Sendable {
        let output: String
        let styles: [WorkerFunction.Style]
    }

    /// Starts the thread; `ready` is told once whether the first worker could be started and what
    /// loading printed, `done` when the thread is about to end and no process is left.
    func start(
        ready: @escaping @Sendable (Result<Loaded, RewardError>) -> Void,
        done: @escaping @Sendable () -> Void
    ) {
        let thread = Thread {
            blockBrokenPipeSignal()
            run(ready: ready)
            done()
        }
        thread.name = "reward worker"
        thread.start()
    }

    private func run(ready: (Result<Loaded, RewardError>) -> Void) {
        var session: WorkerSession?
        do throws(RewardError) {
            let first = try WorkerSession(launch, functions: functions)
            ready(.success(Loaded(output: first.output, styles: first.styles)))
            session = first
        } catch {
            ready(.failure(error))
            return
        }
        while let jobs = queue.take() { session = grade(jobs, in: session) }
        session?.process.terminate(grace: Self.grace)
    }

    /// Grades `jobs`; returns the session for the next ones, `nil` if it had to be ended.
    private func grade(_ jobs: [GradingJob], in existing: WorkerSession?) -> WorkerSession? {
        let session: WorkerSession
        if let existing, !existing.process.hasExited {
            session = existing
        } else {
            // It died between calls, or the call before killed it.
            existing?.process.terminate()
            do throws(RewardError) {
                session = try WorkerSession(launch, functions: functions)
            } catch {
                for job in jobs {
                    job.failRest(
                        GraderFailure(
                            function: job.name, kind: .unavailable,
                            message: "the worker could not be started again: \(error)"))
                }
                return nil
            }
        }
        session.process.clearErrors()
        let begun = ContinuousClock.now
        let before = jobs.reduce(0) { $0 + $1.next }
        let breakdown = session.grade(jobs)
        let calls = jobs.reduce(0) { $0 + $1.next } - before
        guard let breakdown else {
            queue.note(calls: calls, seconds: (.now - begun) / .seconds(1))
            return session
        }
        session.process.terminate()
        if let index = jobs.firstIndex(where: { !$0.isFinished }) {
            blame(breakdown, on: jobs[index], detail: session.process.errorText)
            queue.putBack(jobs[index...].filter { !$0.isFinished })
        }
        return nil
    }

    /// The call that ran is to blame. A function over lists made one call for the whole group; where
    /// the answers of such a call have begun, the call itself is over and only the rest is lost.
    private func blame(
        _ breakdown: WorkerSession.Breakdown, on job: GradingJob, detail: String
    ) {
        let failure = GraderFailure(
            function: job.name, kind: breakdown.kind, message: breakdown.message, detail: detail)
        if job.style == .list {
            job.failRest(failure)
        } else {
            job.append(Assessment(score: .failed(failure)))
        }
    }

    /// Writing to a process that has died must be an error of the write, not the end of ours. The
    /// signal goes to the thread that wrote, so blocking it here touches nothing else.
    private func blockBrokenPipeSignal() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }
}
