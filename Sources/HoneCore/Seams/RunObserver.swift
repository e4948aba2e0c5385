/// Watches or records a run. Called in the order of events; a slow observer slows the run, so one
/// that talks to the outside must queue.
public protocol RunObserver: Sendable {
    func record(_ event: RunEvent) async
}
