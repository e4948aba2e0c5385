import HoneCore
import OrderedCollections

extension RewardOptions {
    /// `prefix: "<think>"`, or absent: taken from the prompt's end.
    mutating func prefix() -> ScoredPrefix {
        string("prefix").map(ScoredPrefix.declared) ?? .fromPrompt
    }

    /// `extract: whole | last_line | last_number`, `extract: {tag: answer, occurrence: last}` or
    /// `extract: {after: "####"}`.
    mutating func extraction() -> AnswerExtraction {
        guard let value = value("extract") else { return .whole }
        switch value {
        case .string("whole"): return .whole
        case .string("last_line"): return .lastLine
        case .string("last_number"): return .lastNumber
        case .string(let word):
            complain(
                "extract",
                "unknown value \"\(word)\""
                    + NearestName.hint(for: word, among: ["whole", "last_line", "last_number"])
                    + "; or {tag: NAME}, or {after: MARKER}")
        case .object(let members):
            return extraction(from: members)
        default:
            complain("extract", "must be a string or an object, not \(value.kind)")
        }
        return .whole
    }

    private mutating func extraction(from members: JSONObject) -> AnswerExtraction {
        var inner = RewardOptions(members, path: "extract")
        let tag = inner.string("tag")
        let after = inner.string("after")
        let occurrence = inner.choice("occurrence", AnswerExtraction.Occurrence.self)
        do {
            try inner.finish()
        } catch {
            complain("extract", "\(error)")
            return .whole
        }
        switch (tag, after, occurrence) {
        case (let tag?, nil, let occurrence) where !tag.isEmpty:
            return .tag(tag, occurrence ?? .last)
        case (nil, let marker?, nil) where !marker.isEmpty: return .after(marker)
        default:
            complain("extract", "expected {tag: NAME, occurrence: first|last|only} or {after: MARKER}")
            return .whole
        }
    }

    /// A tag's name without brackets.
    mutating func tag(_ key: String, default name: String) -> String {
        guard let tag = string(key) else { return name }
        if tag.isEmpty || tag.contains(where: { "<>/ \n".contains($0) }) {
            complain(key, "must be a tag's name without brackets, as \"\(name)\"")
        }
        return tag
    }
}
