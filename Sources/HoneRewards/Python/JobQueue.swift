import Foundation
import HoneCore

/// Jobs that wait for a worker. Lanes are threads and block here; callers do not.
///
/// `@unchecked Sendable`: every member is guarded by `condition`.
final class JobQueue: @unchecked Sendable {
    private let condition = NSCondition()
    private var jobs: [GradingJob] = []
    private var head = 0
    private var isClosed = false
    private let lanes: Int
    /// Running mean of the seconds one call takes; `nil` before the first.
    private var secondsPerCall: Double?

    /// What a lane may take at once beyond one job, in expected seconds: large enough that a trivial
    /// function is not held up by the way between processes, small enough that no other lane idles.
    private static let portion = 0.002

    init(lanes: Int) { self.lanes = lanes }

    /// Queues a job; on a closed queue it fails at once.
    func add(_ job: GradingJob) {
        let accepted = condition.withLock {
            guard !isClosed else { return false }
            jobs.append(job)
            condition.signal()
            return true
        }
        if !accepted { job.failRest(Self.closed(job)) }
    }

    /// Returns jobs that a lane took and did not finish to the front.
    func putBack(_ returned: [GradingJob]) {
        let accepted = condition.withLock {
            guard !isClosed else { return false }
            jobs.replaceSubrange(..<head, with: returned)
            head = 0
            condition.broadcast()
            return true
        }
        if !accepted { for job in returned { job.failRest(Self.closed(job)) } }
    }

    /// Waits for work; `nil` once the queue is closed.
    func take() -> [GradingJob]? {
        condition.withLock {
            while head == jobs.count, !isClosed { condition.wait() }
            guard !isClosed else { return nil }
            let share = (jobs.count - head + lanes - 1) / lanes
            var taken = [jobs[head]]
            var seconds = Double(jobs[head].count) * (secondsPerCall ?? .infinity)
            while taken.count < share, let secondsPerCall, seconds < Self.portion {
                let job = jobs[head + taken.count]
                taken.append(job)
                seconds += Double(job.count) * secondsPerCall
            }
            head += taken.count
            if head == jobs.count || head > 1024 {
                jobs.removeFirst(head)
                head = 0
            }
            return taken
        }
    }

    /// Learns how long calls take.
    func note(calls: Int, seconds: Double) {
        guard calls > 0 else { return }
        condition.withLock {
            let mean = seconds / Double(calls)
            secondsPerCall = secondsPerCall.map { 0.8 * $0 + 0.2 * mean } ?? mean
        }
    }

    /// Ends the lanes; jobs still waiting fail.
    func close() {
        let waiting = condition.withLock {
            isClosed = true
            condition.broadcast()
            defer { (jobs, head) = ([], 0) }
            return Array(jobs[head...])
        }
        for job in waiting { job.failRest(Self.closed(job)) }
    }

    private static func closed(_ job: GradingJob) -> GraderFailure {
        GraderFailure(
            function: job.name, kind: .unavailable, message: "the workers have been shut down")
    }
}
