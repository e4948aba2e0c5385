import Foundation

/// An open file that is read at any place, by any thread.
///
/// What it holds is what it held when it was opened: a change is noticed by size and time.
final class DataFile: Sendable {
    let path: String
    /// Bytes.
    let size: Int
    private let descriptor: Int32
    private let changedAt: [Int]

    /// Opens the file at `path`.
    init(path: String) throws(DatasetError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let reason =
                errno == ENOENT ? "there is no such file" : String(cString: strerror(errno))
            throw .unreadable(path: path, reason: reason)
        }
        guard let state = Self.state(of: descriptor) else {
            close(descriptor)
            throw .unreadable(path: path, reason: String(cString: strerror(errno)))
        }
        guard state.mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .unreadable(
                path: path, reason: "it is no regular file; rows are read more than once")
        }
        size = state.size
        changedAt = state.time
    }

    deinit { close(descriptor) }

    /// `count` bytes from `offset` on.
    /// - Throws: ``DatasetError/changed(path:)`` when the file is not what it was when it was opened.
    func bytes(at offset: Int, count: Int) throws(DatasetError) -> [UInt8] {
        guard let now = Self.state(of: descriptor), now.size == size, now.time == changedAt else {
            throw .changed(path: path)
        }
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

    private static func state(of descriptor: Int32) -> (size: Int, time: [Int], mode: mode_t)? {
        var state = stat()
        guard fstat(descriptor, &state) == 0 else { return nil }
        #if os(Linux)
            let time = [Int(state.st_mtim.tv_sec), Int(state.st_mtim.tv_nsec)]
        #else
            let time = [Int(state.st_mtimespec.tv_sec), Int(state.st_mtimespec.tv_nsec)]
        #endif
        return (Int(state.st_size), time, state.st_mode)
    }
}

extension DataFile {
    /// Numbers that are others when the file is another: size, and time of the last change.
    var fingerprint: [Int] { [size] + changedAt }
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
