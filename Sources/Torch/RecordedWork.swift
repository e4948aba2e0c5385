import CTorch

/// Work of a device recorded once and given to it again by one call: a CUDA graph.
///
/// A small model's decode step is some hundred short kernels, and giving each to the device by itself takes
/// longer than computing it.
public final class RecordedWork {
    private let graph: OpaquePointer

    /// Whether work of `device` can be recorded: CUDA, with libtorch 2.13 or later.
    public static func isSupported(on device: Device) -> Bool { ct_graph_supported(device.code) }

    /// Records what `body` gives to `device`; nothing of it is computed yet.
    ///
    /// Each ``replay()`` reads and writes the same memory, so tensors that `body` uses and did not make
    /// itself must live as long as this does.
    /// - Throws: what `body` throws; ``TorchError`` where it waits for the device or copies from the host,
    ///   which cannot be recorded.
    public init(on device: Device, _ body: () throws -> Void) throws {
        let made = try withoutActuallyEscaping(body) { body in
            let context = Recording(body)
            defer { context.body = nil }
            let graph = ct_graph_record(
                device.code,
                { context in
                    guard let context else { return false }
                    return Unmanaged<Recording>.fromOpaque(context).takeUnretainedValue().run()
                }, Unmanaged.passUnretained(context).toOpaque())
            if let failure = context.failure {
                if let graph { ct_graph_free(graph) }
                throw failure
            }
            guard let graph else { throw TorchError.last("record", []) }
            return graph
        }
        graph = made
    }

    deinit { ct_graph_free(graph) }

    /// Gives the recorded work to the device, which computes it after what it was given before.
    public func replay() throws(TorchError) {
        try check(ct_graph_replay(graph), "replay", [])
    }

    private final class Recording {
        var body: (() throws -> Void)?
        /// What `body` threw: the C side only learns that it failed.
        private(set) var failure: (any Error)?

        init(_ body: @escaping () throws -> Void) { self.body = body }

        func run() -> Bool {
            do {
                try body?()
                return true
            } catch {
                failure = error
                return false
            }
        }
    }
}
