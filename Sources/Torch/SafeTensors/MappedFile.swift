import Foundation

/// A file's bytes in memory, read from disk as they are touched, until the last owner lets go.
///
/// The mapping is private and writable: a stray in-place operation changes this process's copy and
/// never the file.
final class MappedFile {
    let path: String
    let bytes: UnsafeMutableRawBufferPointer

    init(path: String) throws(SafeTensorsError) {
        self.path = path
        // Without waiting: a pipe that nobody writes to would never open.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw .unreadable(path: path, reason: String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .unreadable(path: path, reason: String(cString: strerror(errno)))
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .unreadable(path: path, reason: "it is not a regular file")
        }
        let size = Int(status.st_size)
        guard size > 0 else { throw .truncated(path: path, needed: 8, actual: 0) }
        let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptor, 0)
        guard let memory, memory != MAP_FAILED else {
            throw .unreadable(path: path, reason: String(cString: strerror(errno)))
        }
        bytes = UnsafeMutableRawBufferPointer(start: memory, count: size)
    }

    /// Gives back the memory of whole pages within `range`, which is read from disk again if it is touched
    /// again. Nothing may have been written to it.
    func release(_ range: Range<Int>) {
        let page = Int(getpagesize())
        let start = (range.lowerBound + page - 1) / page * page
        let end = range.upperBound / page * page
        guard start < end, let base = bytes.baseAddress else { return }
        madvise(base + start, end - start, MADV_DONTNEED)
    }

    deinit { munmap(bytes.baseAddress, bytes.count) }
}
