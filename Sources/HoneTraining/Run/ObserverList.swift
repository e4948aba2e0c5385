import HoneCore

/// Several observers as one, told in order.
public struct ObserverList: RunObserver {
    public var observers: [any RunObserver]

    public init(_ observers: [any RunObserver]) { self.observers = observers }

    public func record(_ event: RunEvent) async {
        for observer in observers { await observer.record(event) }
    }
}
