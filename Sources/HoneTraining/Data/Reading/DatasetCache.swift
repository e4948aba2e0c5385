import Foundation
import HoneCore

/// Where converted datasets are kept: `cache/datasets` in Hone's folder (`HONE_HOME`, or `.hone` in the
/// working directory). A file there may be deleted at any time that no run uses it, and is deleted when
/// another is converted and nothing has asked for it for ``longestRest``.
public struct DatasetCache: Sendable {
    public var folder: URL

    /// 30 days.
    public static let longestRest = 30.0 * 24 * 3600
    /// What a conversion that was killed left: nothing writes for longer than a day without end.
    private static let longestConversion = 24.0 * 3600

    public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        let home = environment["HONE_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? ".hone"
        folder = URL(filePath: home).appending(path: "cache/datasets")
    }

    /// The place of what is made of `original`.
    func file(for original: DataFile) -> URL {
        // The last number goes up when columnar.py writes something else for the same file.
        let facts =
            [URL(filePath: original.path).standardizedFileURL.path]
            + (original.fingerprint + [1]).map(String.init)
        let mark = String(Fingerprint.of(facts.joined(separator: "\n")), radix: 16)
        let name = URL(filePath: original.path).deletingPathExtension().lastPathComponent
        return folder.appending(path: "\(name)-\(mark).jsonl")
    }

    /// Remembers that `file` was wanted just now. The time of its last access says so; that of its last
    /// change has to stay, because runs that read the file watch it.
    func noteUse(of file: URL) {
        #if os(Linux)
            let unchanged = (1 << 30) - 2  // UTIME_OMIT, a macro that Swift does not see
        #else
            let unchanged = -2
        #endif
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let times = [now, timespec(tv_sec: 0, tv_nsec: unchanged)]
        _ = utimensat(AT_FDCWD, file.path, times, 0)
    }

    /// Deletes what has rested too long. A file that cannot be deleted stays.
    /// - Parameter now: seconds since 1970.
    func prune(now: Double = Date().timeIntervalSince1970) {
        for file in files() {
            let isUnfinished = file.url.pathExtension == "partial"
            let rest = now - file.lastUse
            if rest > (isUnfinished ? Self.longestConversion : Self.longestRest) {
                try? FileManager.default.removeItem(at: file.url)
            }
        }
    }

    /// How many files there are, and their bytes.
    public var contents: (files: Int, bytes: Int) {
        let files = files()
        return (files.count, files.reduce(0) { $0 + $1.bytes })
    }

    private func files() -> [(url: URL, lastUse: Double, bytes: Int)] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.compactMap { name in
            let url = folder.appending(path: name)
            var state = stat()
            guard stat(url.path, &state) == 0, state.st_mode & S_IFMT == S_IFREG else { return nil }
            #if os(Linux)
                let times = [state.st_atim.tv_sec, state.st_mtim.tv_sec]
            #else
                let times = [state.st_atimespec.tv_sec, state.st_mtimespec.tv_sec]
            #endif
            return (url, Double(times.max() ?? 0), Int(state.st_size))
        }
    }
}
