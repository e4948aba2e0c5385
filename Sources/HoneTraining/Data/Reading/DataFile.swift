import Foundation
import HoneCore

/// A file that is read at any place, by any thread.
///
/// What it holds is what it held when it was first opened: a change is noticed by file, size and time.
final class DataFile: Sendable {
    let path: String
    /// Bytes.
    let size: Int
    /// `nil` for a file that is opened for each read.
    private let descriptor: Int32?
    private let first: State

    /// How long the file stays open.
    enum Holding {
        /// As long as it is used. It can then be read after it was removed.
        case open
        /// For the time of a read: a folder may have more files than a process may hold open.
        case closed
    }

    private struct State: Equatable {
        /// Device and number of the file.
        var identity: [Int]
        var size: Int
        /// Of the last change: seconds and nanoseconds.
        var time: [Int]

        init(_ state: stat) {
            #if os(Linux)
                time = [Int(state.st_mtim.tv_sec), Int(state.st_mtim.tv_nsec)]
            #else
                time = [Int(state.st_mtimespec.tv_sec), Int(state.st_mtimespec.tv_nsec)]
            #endif
            identity = [Int(state.st_dev), Int(state.st_ino)]
            size = Int(state.st_size)
        }
    }

    /// Opens the file at `path`.
    init(path: String, holding: Holding = .open) throws(DatasetError) {
        self.path = path
        let (descriptor, state) = try Self.opened(path)
        first = state
        size = state.size
        switch holding {
        case .open: self.descriptor = descriptor
        case .closed:
            close(descriptor)
            self.descriptor = nil
        }
    }

    deinit {
        if let descriptor { close(descriptor) }
    }

    /// `count` bytes from `offset` on.
    /// - Throws: ``DatasetError/changed(path:)`` when the file is not what it was when it was opened.
    func bytes(at offset: Int, count: Int) throws(DatasetError) -> [UInt8] {
        if let descriptor {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else {
                throw .unreadable(path: path, reason: String(cString: strerror(errno)))
            }
            return try read(descriptor, State(status), offset, count)
        }
        let (descriptor, state) = try Self.opened(path)
        defer { close(descriptor) }
        return try read(descriptor, state, offset, count)
    }

    private func read(
        _ descriptor: Int32, _ state: State, _ offset: Int, _ count: Int
    ) throws(DatasetError) -> [UInt8] {
        guard state == first else { throw .changed(path: path) }
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let more = bytes.withUnsafeMutableBytes {
                pread(
                    descriptor, $0.baseAddress! + filled, count - filled, off_t(offset + filled))
            }
            if more < 0, errno == EINTR { continue }
            guard more > 0 else {
                guard more == 0 else {
                    throw .unreadable(path: path, reason: String(cString: strerror(errno)))
                }
                throw .changed(path: path)
            }
            filled += more
        }
        return bytes
    }

    private static func opened(_ path: String) throws(DatasetError) -> (Int32, State) {
        do throws(PlainFile.Problem) {
            let file = try PlainFile.opened(path)
            return (file.descriptor, State(file.state))
        } catch {
            let reason = error.kind == .other ? "; rows are read more than once" : ""
            throw .unreadable(path: path, reason: error.reason + reason)
        }
    }
}

extension DataFile {
    /// Numbers that are others when the file is another: size, and time of the last change.
    var fingerprint: [Int] { [size] + first.time }
}

/// A stretch of a file that moves from its beginning to its end.
struct FileWindow {
    private let file: DataFile
    /// What is in view, with what was taken and not yet let go.
    private(set) var bytes: [UInt8] = []
    /// Offset in the file of `bytes[0]`.
    private var start = 0
    /// Bytes at the beginning of ``bytes`` that are done with.
    private(set) var taken = 0

    private static let step = 1 << 18

    /// A window at the beginning of `file`, behind a byte order mark.
    init(_ file: DataFile) throws(DatasetError) {
        self.file = file
        _ = try extend()
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { taken = 3 }
    }

    /// Bytes in view that are not taken.
    var count: Int { bytes.count - taken }
    /// Offset in the file of the first of them.
    var offset: Int { start + taken }

    /// The byte `index` places after those taken.
    subscript(_ index: Int) -> UInt8 { bytes[taken + index] }

    /// The first `count` bytes that are not taken.
    func prefix(_ count: Int) -> [UInt8] { Array(bytes[taken..<taken + count]) }

    /// Is done with the next `count` bytes.
    mutating func take(_ count: Int) { taken += count }

    /// Lets go of what was taken and brings more of the file into view; false at its end.
    mutating func extend() throws(DatasetError) -> Bool {
        bytes.removeFirst(taken)
        start += taken
        taken = 0
        let next = start + bytes.count
        let count = min(Self.step, file.size - next)
        guard count > 0 else { return false }
        bytes += try file.bytes(at: next, count: count)
        return true
    }
}
