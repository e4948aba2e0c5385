import Foundation
import HoneCore

/// Whole files as bytes.
enum FileContents {
    /// The bytes of the file at `url`.
    /// - Throws: ``TokenizerError/missingFile(path:)`` or
    ///   ``TokenizerError/unreadableFile(path:reason:)``.
    static func read(_ url: URL) throws(TokenizerError) -> [UInt8] {
        do throws(PlainFile.Problem) {
            return [UInt8](try PlainFile.contents(of: url))
        } catch {
            throw error.kind == .absent
                ? .missingFile(path: error.path)
                : .unreadableFile(path: error.path, reason: error.reason)
        }
    }
}
