import HoneCore
import OrderedCollections

/// A text with placeholders in double braces: `{{item.reference_answer}}`, `{{sample.output_text}}`.
///
/// `item` is the row, `sample` what the model said: `output_text`, `output_json` (the output read as
/// JSON, with its members below), `choices[0].message.content`, `output_tools` (an empty list). A path
/// goes on with `.name`, `['name']` or `[0]`. Text is put in as it is, everything else as JSON.
///
/// Source: templating of OpenAI's graders.
public struct GraderTemplate: Sendable, Hashable {
    /// As it was written.
    public let source: String
    private let pieces: [Piece]

    private enum Piece: Sendable, Hashable {
        case text(String)
        case place([JSONPathStep])
    }

    /// Reads `source`.
    /// - Throws: ``GraderTemplateError`` at a placeholder that is not understood.
    public init(_ source: String) throws(GraderTemplateError) {
        self.source = source
        var pieces: [Piece] = []
        var rest = source[...]
        while let open = rest.firstRange(of: "{{") {
            if open.lowerBound > rest.startIndex {
                pieces.append(.text(String(rest[..<open.lowerBound])))
            }
            guard let close = rest[open.upperBound...].firstRange(of: "}}") else {
                throw GraderTemplateError(placeholder: String(rest[open.lowerBound...].prefix(40)))
            }
            let inside = String(rest[open.upperBound..<close.lowerBound])
            guard let steps = JSONPathStep.steps(of: inside), case .member(let root)? = steps.first,
                root == "item" || root == "sample", steps.count > 1
            else { throw GraderTemplateError(placeholder: "{{\(inside)}}") }
            pieces.append(.place(steps))
            rest = rest[close.upperBound...]
        }
        if !rest.isEmpty { pieces.append(.text(String(rest))) }
        self.pieces = pieces
    }

    /// The template filled for one completion; `nil` if it needs something of the output that this
    /// completion does not have, such as a member of its JSON.
    /// - Throws: a failure that names the column that the row lacks.
    func text(
        for row: DatasetRow, completion: String, function: String
    ) throws(GraderFailure) -> String? {
        var output = ""
        for piece in pieces {
            switch piece {
            case .text(let text): output += text
            case .place(let steps):
                if steps[0] == .member("item") {
                    guard
                        let value = JSONPathStep.value(
                            at: steps.dropFirst(), in: .object(row.columns))
                    else { throw missing(steps, row, function) }
                    output += Self.shown(value)
                } else {
                    guard
                        let value = JSONPathStep.value(
                            at: steps.dropFirst(), in: Self.sample(of: completion))
                    else { return nil }
                    output += Self.shown(value)
                }
            }
        }
        return output
    }

    /// What a grader sees of the model's output.
    static func sample(of completion: String) -> JSONValue {
        let choice: JSONValue = [
            "index": 0, "finish_reason": "stop",
            "message": ["role": "assistant", "content": .string(completion)],
        ]
        var sample: JSONObject = [
            "output_text": .string(completion), "output_tools": [], "choices": [choice],
        ]
        if let json = try? JSONValue(parsing: Array(PythonText.strip(completion).utf8)) {
            sample["output_json"] = json
        }
        return .object(sample)
    }

    private static func shown(_ value: JSONValue) -> String { value.stringValue ?? value.text() }

    private func missing(
        _ steps: [JSONPathStep], _ row: DatasetRow, _ function: String
    ) -> GraderFailure {
        let known = row.columns.keys.joined(separator: ", ")
        let path = steps.map(\.text).joined().drop { $0 == "." }
        return GraderFailure(
            function: function, kind: .unavailable,
            message: "row \(row.index) has no {{\(path)}}; its columns: "
                + (known.isEmpty ? "none" : known))
    }
}

/// A placeholder that is not understood.
public struct GraderTemplateError: Error, Sendable, Hashable, CustomStringConvertible {
    public var placeholder: String

    public var description: String {
        "\(placeholder) is no placeholder; write {{item.COLUMN}} for a column of the row or "
            + "{{sample.output_text}} for what the model said"
    }
}

extension GraderTemplate: ConfigValue {
    public static let form = ConfigForm.value(
        "a text with {{item.COLUMN}} and {{sample.output_text}}")

    public static func read(
        _ json: JSONValue, at path: ConfigPath, _ problems: inout [ConfigProblem]
    ) -> GraderTemplate? {
        guard let text = json.stringValue else {
            problems.append(ConfigProblem(path, "expected \(form.text), found \(json.kind)"))
            return nil
        }
        do {
            return try GraderTemplate(text)
        } catch {
            problems.append(ConfigProblem(path, error.description))
            return nil
        }
    }

    public var configJSON: JSONValue { .string(source) }
}
