import Dispatch
import Foundation
import Synchronization

/// Ctrl-C in a run, or the signal with which a machine's scheduler ends it: the first asks the run to stop
/// between two steps, the second ends the process at once.
///
/// `@unchecked Sendable`: the sources are used by `init` and `deinit` alone, all else is under a lock.
final class StopRequest: @unchecked Sendable {
    private let requests = Mutex(0)
    private var sources: [any DispatchSourceSignal] = []

    init() {
        for number in [SIGINT, SIGTERM] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [weak self] in self?.take(number) }
            source.resume()
            sources.append(source)
        }
    }

    deinit { for source in sources { source.cancel() } }

    var isRaised: Bool { requests.withLock { $0 > 0 } }

    private func take(_ number: Int32) {
        let count = requests.withLock { count in
            count += 1
            return count
        }
        guard count == 1 else {
            StandardError.write(line: "ended at once; --resume goes on from the latest checkpoint")
            // As shells report a process that a signal ended.
            _exit(128 + number)
        }
        StandardError.write(
            line: "stopping after this step, with a checkpoint; once more ends at once")
    }
}
