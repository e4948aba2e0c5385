import Foundation

/// Lets tasks wait until a known number of threads has ended.
///
/// `@unchecked Sendable`: every member is guarded by `lock`.
final class CompletionCount: @unchecked Sendable {
    private let lock = NSLock()
    private var remaining: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) { remaining = count }

    func completeOne() {
        let resumed = lock.withLock {
            remaining -= 1
            guard remaining == 0 else { return [CheckedContinuation<Void, Never>]() }
            defer { waiting = [] }
            return waiting
        }
        for continuation in resumed { continuation.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isDone = lock.withLock {
                if remaining > 0 { waiting.append(continuation) }
                return remaining == 0
            }
            if isDone { continuation.resume() }
        }
    }
}
