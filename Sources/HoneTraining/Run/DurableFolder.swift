import Foundation

/// Folders that are there whole or not at all.
enum DurableFolder {
    /// Puts a folder at `final` with what `fill` writes into it, in place of what was there.
    ///
    /// `fill` gets a hidden folder beside it, whose files are then made durable before it is renamed.
    /// A process killed at any instant leaves either the old folder, or the new one, or for a moment
    /// between the two none; never a part of one.
    static func write(_ final: URL, fill: (URL) async throws -> Void) async throws {
        let files = FileManager.default
        let parent = final.deletingLastPathComponent()
        let partial = parent.appending(path: ".\(final.lastPathComponent).partial")
        do {
            if files.fileExists(atPath: partial.path) { try files.removeItem(at: partial) }
            try files.createDirectory(at: partial, withIntermediateDirectories: true)
            try await fill(partial)
            try synchronize(partial)
            if files.fileExists(atPath: final.path) { try remove(final) }
            try files.moveItem(at: partial, to: final)
            try flush(parent.path)
        } catch {
            // The first error is the one to tell; that the rest is left lying is no news beside it.
            try? files.removeItem(at: partial)
            // Foundation's own words do not name the remedy, nor always the file.
            guard error is CocoaError else { throw error }
            throw RunFolderError.write(path: final.path, reason: error.localizedDescription)
        }
    }

    /// Removes `folder` in one go: whoever sees its name sees it whole.
    static func remove(_ folder: URL) throws {
        let files = FileManager.default
        let doomed = folder.deletingLastPathComponent().appending(
            path: ".\(folder.lastPathComponent).removed")
        if files.fileExists(atPath: doomed.path) { try files.removeItem(at: doomed) }
        try files.moveItem(at: folder, to: doomed)
        try files.removeItem(at: doomed)
    }

    /// Removes what killed processes left half-written or half-removed in `parent`.
    static func removeRemains(in parent: URL) throws {
        let files = FileManager.default
        guard files.fileExists(atPath: parent.path) else { return }
        for name in try files.contentsOfDirectory(atPath: parent.path)
        where name.hasPrefix(".") && (name.hasSuffix(".partial") || name.hasSuffix(".removed")) {
            try files.removeItem(at: parent.appending(path: name))
        }
    }

    /// Flushes every file of `folder`, then the folder's own entries.
    private static func synchronize(_ folder: URL) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            try flush(folder.appending(path: name).path)
        }
        try flush(folder.path)
    }

    private static func flush(_ path: String) throws {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else {
            throw RunFolderError.write(path: path, reason: String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw RunFolderError.write(path: path, reason: String(cString: strerror(errno)))
        }
    }
}
