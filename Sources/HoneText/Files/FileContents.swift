import Foundation

/// Whole files as bytes.
enum FileContents {
    /// The bytes of the file at `url`.
    /// - Throws: ``TokenizerError/missingFile(path:)`` or
    ///   ``TokenizerError/unreadableFile(path:reason:)``.
    static func read(_ url: URL) throws(TokenizerError) -> [UInt8] {
        let path = url.path(percentEncoded: false)
        guard FileManager.default.fileExists(atPath: path) else { throw .missingFile(path: path) }
        do {
            return [UInt8](try Data(contentsOf: url))
        } catch {
            throw .unreadableFile(path: path, reason: error.localizedDescription)
        }
    }
}
