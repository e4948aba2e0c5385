import Foundation

/// Files that a committed generator made from a reference implementation.
public enum Fixtures {
    /// `Tests/Fixtures` of this checkout.
    public static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Tests/Fixtures")

    /// The fixture at `path`, relative to ``folder``.
    public static func url(_ path: String) -> URL { folder.appending(path: path) }

    public static func data(_ path: String) throws -> Data { try Data(contentsOf: url(path)) }
}
