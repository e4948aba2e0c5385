import Foundation

/// Reading of files that must be files: a pipe that nobody writes to would never open, and a device may
/// never end.
public enum PlainFile {
    /// Why a file cannot be read.
    public struct Problem: Error, Sendable, Hashable, CustomStringConvertible {
        public var path: String
        public var kind: Kind
        /// Without the path.
        public var reason: String

        public enum Kind: Sendable, Hashable {
            /// Nothing has that path.
            case absent
            /// A folder, pipe, socket or device has it.
            case other
            /// The system refuses.
            case refused
        }

        public var description: String { "\(path): \(reason)" }

        fileprivate static func refused(_ path: String) -> Problem {
            let absent = errno == ENOENT
            return Problem(
                path: path, kind: absent ? .absent : .refused,
                reason: absent ? "there is no such file" : String(cString: strerror(errno)))
        }
    }

    /// Opens the file at `path` to read it; whoever asks closes it.
    /// - Returns: its descriptor, and what the system says of it.
    /// - Throws: ``Problem``.
    public static func opened(
        _ path: String
    ) throws(Problem) -> (descriptor: Int32, state: stat) {
        // Without waiting: a pipe that nobody writes to would never open.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Problem.refused(path) }
        var state = stat()
        guard fstat(descriptor, &state) == 0 else {
            let problem = Problem.refused(path)
            close(descriptor)
            throw problem
        }
        guard state.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw Problem(path: path, kind: .other, reason: "it is no regular file")
        }
        return (descriptor, state)
    }

    /// Everything in the file at `path`.
    /// - Throws: ``Problem``.
    public static func contents(of path: String) throws(Problem) -> Data {
        let handle = FileHandle(
            fileDescriptor: try opened(path).descriptor, closeOnDealloc: true)
        do {
            return try handle.readToEnd() ?? Data()
        } catch {
            throw Problem(path: path, kind: .refused, reason: error.localizedDescription)
        }
    }

    /// Everything in the file at `url`.
    /// - Throws: ``Problem``.
    public static func contents(of url: URL) throws(Problem) -> Data {
        try contents(of: url.path(percentEncoded: false))
    }
}
