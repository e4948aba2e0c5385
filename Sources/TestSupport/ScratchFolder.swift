import Foundation

/// A folder that lasts as long as this value.
public final class ScratchFolder: Sendable {
    public let url: URL

    public init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "hone-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    /// A file in it with `contents`.
    @discardableResult
    public func file(_ name: String, _ contents: String) throws -> URL {
        let file = url.appending(path: name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(contents.utf8).write(to: file)
        return file
    }

    /// A new folder that lasts as long as the process, for what is made in one place and read in another.
    public static func ofTheProcess() throws -> URL {
        let folder = parent.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    private static let parent: URL = {
        atexit { try? FileManager.default.removeItem(at: ScratchFolder.parent) }
        return FileManager.default.temporaryDirectory.appending(
            path: "hone-tests-\(ProcessInfo.processInfo.processIdentifier)")
    }()
}
