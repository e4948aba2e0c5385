import Dispatch
import Synchronization

/// Lines on their way to another process: a bounded queue that one thread fills without ever waiting and
/// another empties.
final class TrackerQueue: Sendable {
    /// Lines kept at most; beyond it the oldest are lost.
    private let capacity: Int
    private let state = Mutex(State())
    private let arrival = DispatchSemaphore(value: 0)

    private struct State {
        var lines: [String] = []
        var isClosed = false
        var lost = 0
    }

    init(capacity: Int) { self.capacity = capacity }

    /// Queues a line. Never waits.
    func add(_ line: String) {
        state.withLock { state in
            guard !state.isClosed else { return }
            if state.lines.count == capacity {
                state.lines.removeFirst()
                state.lost += 1
            }
            state.lines.append(line)
        }
        arrival.signal()
    }

    /// No more lines will come.
    func close() {
        state.withLock { $0.isClosed = true }
        arrival.signal()
    }

    /// Waits for lines; `nil` once the queue is closed and empty.
    func next() -> [String]? {
        while true {
            let (lines, isClosed) = state.withLock { state in
                defer { state.lines = [] }
                return (state.lines, state.isClosed)
            }
            if !lines.isEmpty { return lines }
            if isClosed { return nil }
            arrival.wait()
        }
    }

    /// Lines that were lost because nobody took them.
    var lost: Int { state.withLock { $0.lost } }
}
