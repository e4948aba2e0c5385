import Dispatch
import Foundation
import Synchronization

/// Ctrl-C as a question that can be asked, and not as the end of the process; a second one before the
/// answer to the first is its end.
///
/// `@unchecked Sendable`: the source is used by `init` and `deinit` alone, all else is under a lock.
final class Interruption: @unchecked Sendable {
    private let state = Mutex(State())
    private let source: any DispatchSourceSignal

    private struct State {
        var isRaised = false
        var isWaiting = false
    }

    init() {
        signal(SIGINT, SIG_IGN)
        source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
        source.setEventHandler { [weak self] in self?.raise() }
        source.resume()
    }

    deinit {
        source.cancel()
        signal(SIGINT, SIG_DFL)
    }

    var isRaised: Bool { state.withLock(\.isRaised) }

    /// Forgets a Ctrl-C that has been answered.
    func clear() { state.withLock { $0.isRaised = false } }

    /// Runs `body`, which waits for input; Ctrl-C then ends the process, as it would by default.
    func whileWaiting<Result>(_ body: () -> Result) -> Result {
        state.withLock { $0.isWaiting = true }
        defer { state.withLock { $0.isWaiting = false } }
        return body()
    }

    private func raise() {
        let ends = state.withLock { state in
            defer { state.isRaised = true }
            return state.isWaiting || state.isRaised
        }
        // 128 + SIGINT, as shells report it.
        if ends { exit(130) }
    }
}
