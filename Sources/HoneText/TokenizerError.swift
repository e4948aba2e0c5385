import Foundation
import HoneCore

/// Why a tokenizer cannot be read or used.
public enum TokenizerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The folder holds no such file.
    case missingFile(path: String)
    /// The file is there and cannot be read.
    case unreadableFile(path: String, reason: String)
    /// The file is not JSON.
    case malformed(path: String, error: JSONError)
    /// A part of the file has a form that it may not have. `key` is its path in the document.
    case invalid(path: String, key: String, message: String)
    /// The file asks for something that this program does not do. Encoding without it would give
    /// other ids than the tokenizer's authors meant, so it is refused.
    case unsupported(path: String, key: String, feature: String)
    /// A regular expression failed while it was matched, by PCRE2's own account.
    case matchFailed(pattern: String, reason: String)

    public var description: String {
        switch self {
        case .missingFile(let path):
            "\(path): no such file; a model folder needs its tokenizer.json beside config.json "
                + "(models published with tokenizer.model only must be converted first)"
        case .unreadableFile(let path, let reason): "\(path): \(reason)"
        case .malformed(let path, let error):
            "\(path):\(error.line):\(error.column): \(error.message)"
        case .invalid(let path, let key, let message): "\(path): \(key): \(message)"
        case .unsupported(let path, let key, let feature):
            "\(path): \(key): \(feature) is not supported"
        case .matchFailed(let pattern, let reason):
            "the pattern \(pattern) could not be matched: \(reason)"
        }
    }
}

extension TokenizerError: LocalizedError {
    public var errorDescription: String? { description }
}
