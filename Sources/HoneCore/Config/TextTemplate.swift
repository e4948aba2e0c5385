import OrderedCollections

/// A text with `{column}` placeholders; `{{` and `}}` stand for braces.
public struct TextTemplate: Sendable, Hashable {
    public enum Piece: Sendable, Hashable {
        case text(String)
        case column(String)
    }

    public let pieces: [Piece]

    /// Reads `text`.
    /// - Throws: ``TextTemplateError`` at a brace without its partner.
    public init(_ text: String) throws(TextTemplateError) {
        var pieces: [Piece] = []
        var literal = ""
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "{" where rest.first == "{", "}" where rest.first == "}":
                literal.unicodeScalars.append(scalar)
                rest.removeFirst()
            case "{":
                guard let end = rest.firstIndex(where: { $0 == "}" || $0 == "{" }),
                    rest[end] == "}", end > rest.startIndex
                else {
                    throw TextTemplateError(
                        found: "{" + String(String.UnicodeScalarView(rest.prefix(20))))
                }
                if !literal.isEmpty { pieces.append(.text(literal)) }
                literal = ""
                pieces.append(.column(String(String.UnicodeScalarView(rest[..<end]))))
                rest = rest[rest.index(after: end)...]
            case "}":
                throw TextTemplateError(
                    found: "}" + String(String.UnicodeScalarView(rest.prefix(20))))
            default: literal.unicodeScalars.append(scalar)
            }
        }
        if !literal.isEmpty { pieces.append(.text(literal)) }
        self.pieces = pieces
    }

    /// The columns it names, in order, with repetitions.
    public var columns: [String] {
        pieces.compactMap { piece in
            guard case .column(let name) = piece else { return nil }
            return name
        }
    }

    /// The text with every placeholder replaced by Python's `str()` of the column's value; `nil` when
    /// a column is absent.
    public func text(_ columns: JSONObject) -> String? {
        var output = ""
        for piece in pieces {
            switch piece {
            case .text(let text): output += text
            case .column(let name):
                guard let value = columns[name] else { return nil }
                output += value.pythonText
            }
        }
        return output
    }
}

/// A brace of a template that is neither a placeholder nor doubled.
public struct TextTemplateError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The template from the brace on.
    public var found: String

    public var description: String {
        "the brace in \"\(found)\" opens or closes no placeholder; write {column} for a column, "
            + "{{ and }} for braces"
    }
}

extension TextTemplate {
    /// What is wrong with `text` as a template, in the form a ``ConfigCheck`` gives.
    public static func problem(_ text: String?) -> String? {
        guard let text else { return nil }
        do {
            _ = try TextTemplate(text)
            return nil
        } catch {
            return error.description
        }
    }
}
