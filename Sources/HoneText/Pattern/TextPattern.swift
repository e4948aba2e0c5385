import HoneCore

/// A regular expression over text, in the syntax of PCRE2, which agrees with Python's `re` in what
/// patterns commonly use: `.` stops at a line break and `^` and `$` stand at the ends of the text,
/// unless `(?s)` or `(?m)` says otherwise.
///
/// A pattern that would try far too many ways to match one text ends with
/// ``TextPatternError/tooHard(pattern:reason:)`` instead of running on.
public struct TextPattern: Sendable {
    private let expression: RegularExpression

    /// The pattern as it was written.
    public var source: String { expression.source }
    /// Groups in parentheses, without the whole match.
    public var groupCount: Int { expression.groupCount }

    /// Compiles `source`.
    /// - Throws: ``TextPatternError/malformed(pattern:offset:reason:)``.
    public init(_ source: String) throws(TextPatternError) {
        do throws(RegularExpression.CompileError) {
            expression = try RegularExpression(source, .machineCode)
        } catch {
            throw .malformed(pattern: source, offset: error.offset, reason: error.message)
        }
    }

    /// The number of the group `(?<name>…)`, from 1; `nil` when no group has that name.
    public func number(ofGroup name: String) -> Int? { expression.number(ofGroup: name) }

    /// The first match in `text`: the whole of it, then each group, `nil` for a group that took no
    /// part. `nil` when nothing matches.
    /// - Throws: ``TextPatternError/tooHard(pattern:reason:)``.
    public func firstMatch(in text: String) throws(TextPatternError) -> [String?]? {
        let bytes = Array(text.utf8)
        let scratch = MatchScratch(groupCount: groupCount, MatchScratch.Bounds())
        do throws(RegularExpression.MatchFailure) {
            let whole = try bytes.withUnsafeBufferPointer {
                (text) throws(RegularExpression.MatchFailure) in
                try expression.firstMatch(in: text, from: 0, scratch)
            }
            guard whole != nil else { return nil }
        } catch {
            throw .tooHard(pattern: source, reason: error.message)
        }
        return scratch.captures.map { range in
            range.map { String(decoding: bytes[$0], as: UTF8.self) }
        }
    }

    /// `text` with every match replaced by `replacement`, in which `$1` or `${name}` stands for a
    /// group and `$$` for a dollar sign.
    /// - Throws: ``TextPatternError``, also for a replacement that names no group.
    public func replacingMatches(in text: String, with replacement: String)
        throws(TextPatternError) -> String
    {
        do throws(RegularExpression.MatchFailure) {
            return try expression.replacingMatches(in: text, with: replacement)
        } catch {
            throw .tooHard(pattern: source, reason: error.message)
        }
    }
}

/// Why a pattern cannot be used.
public enum TextPatternError: Error, Sendable, Hashable, CustomStringConvertible {
    /// `offset` counts bytes of the pattern.
    case malformed(pattern: String, offset: Int, reason: String)
    /// Matching one text was given up, or the replacement is faulty.
    case tooHard(pattern: String, reason: String)

    public var description: String {
        switch self {
        case .malformed(let pattern, let offset, let reason):
            "the pattern \(pattern) is faulty after \(offset) bytes: \(reason)"
        case .tooHard(let pattern, let reason): "the pattern \(pattern): \(reason)"
        }
    }
}
