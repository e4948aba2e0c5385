import Dispatch
import Foundation
import Synchronization

/// Ctrl-C as a question that can be asked, and not as the end of the process.
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

    func clear() { state.withLock { $0.isRaised = false } }

    /// Runs `body`, which waits for input; Ctrl-C then ends the process, as it would by default.
    func whileWaiting<Result>(_ body: () -> Result) -> Result {
        state.withLock { $0.isWaiting = true }
        defer { state.withLock { $0.isWaiting = false } }
        return body()
    }

    private func raise() {
        let isWaiting = state.withLock {
            $0.isRaised = true
            return $0.isWaiting
        }
        // 128 + SIGINT, as shells report it.
        if isWaiting { exit(130) }
    }
}
