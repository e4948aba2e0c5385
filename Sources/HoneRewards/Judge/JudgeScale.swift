import Foundation
import HoneCore
import OrderedCollections

/// What a judge is asked for and how its answer becomes a score. Range [0, 1] for numbers and
/// criteria; what the recipe gives them for ratings and labels.
public enum JudgeScale: Sendable, Hashable {
    /// A number from `lowest` to `highest`; score = (number − lowest) / (highest − lowest).
    case number(lowest: Double, highest: Double)
    /// A number from `lowest` to `highest`, which is the score as it is.
    case rating(lowest: Double, highest: Double)
    /// A number on that scale for each criterion; score = Σ weight · scaled / Σ weight.
    case criteria([Criterion], lowest: Double, highest: Double)
    /// One of some labels; score = what the recipe gives the label.
    case labels(OrderedDictionary<String, Double>)

    public struct Criterion: Sendable, Hashable {
        public var name: String
        public var question: String
        public var weight: Double

        public init(name: String, question: String, weight: Double = 1) {
            self.name = name
            self.question = question
            self.weight = weight
        }
    }

    /// The worst score it can give.
    var lowest: Double {
        switch self {
        case .number, .criteria: 0
        case .rating(let lowest, _): lowest
        case .labels(let labels): labels.values.min() ?? 0
        }
    }

    /// The JSON schema of an answer. The reasons come first: what is written before the verdict can
    /// still inform it.
    var schema: JSONObject {
        var properties: JSONObject = ["reason": ["type": "string"]]
        switch self {
        case .number(let lowest, let highest), .rating(let lowest, let highest):
            properties["score"] = Self.number(lowest, highest)
        case .criteria(let criteria, let lowest, let highest):
            for criterion in criteria {
                properties[criterion.name] = Self.number(lowest, highest)
            }
        case .labels(let labels):
            properties["label"] = [
                "type": "string", "enum": .array(labels.keys.map(JSONValue.string)),
            ]
        }
        return [
            "type": "object", "properties": .object(properties),
            "required": .array(properties.keys.map(JSONValue.string)),
            "additionalProperties": false,
        ]
    }

    private static func number(_ lowest: Double, _ highest: Double) -> JSONValue {
        ["type": "number", "minimum": .double(lowest), "maximum": .double(highest)]
    }

    /// What is appended to the judge's instructions.
    var instructions: String {
        switch self {
        case .number(let lowest, let highest), .rating(let lowest, let highest):
            "Answer with a JSON object: \"reason\", one sentence, and \"score\", a number from "
                + "\(lowest.formatted()) (worst) to \(highest.formatted()) (best)."
        case .criteria(let criteria, let lowest, let highest):
            "Answer with a JSON object: \"reason\", one sentence, and a number from "
                + "\(lowest.formatted()) (worst) to \(highest.formatted()) (best) for each of:\n"
                + criteria.map { "- \"\($0.name)\": \($0.question)" }.joined(separator: "\n")
        case .labels(let labels):
            "Answer with a JSON object: \"reason\", one sentence, and \"label\", one of "
                + labels.keys.map { "\"\($0)\"" }.joined(separator: ", ") + "."
        }
    }

    /// The score that `answer` gives.
    /// - Throws: ``JudgeAnswerError`` if it holds none, or one that is out of range.
    func score(of answer: String) throws(JudgeAnswerError) -> Double {
        let json = Self.object(in: answer)
        switch self {
        case .number(let lowest, let highest):
            return try Self.share(
                Self.number(json, answer), "score", lowest, highest, answer)
        case .rating(let lowest, let highest):
            return try Self.within(
                Self.number(json, answer), "score", lowest, highest, answer)
        case .criteria(let criteria, let lowest, let highest):
            var sum = 0.0
            for criterion in criteria {
                let value = json?[criterion.name]?.doubleValue
                sum +=
                    criterion.weight
                    * (try Self.share(value, criterion.name, lowest, highest, answer))
            }
            return sum / criteria.reduce(0) { $0 + $1.weight }
        case .labels(let labels):
            let label =
                json?["label"]?.stringValue
                ?? answer.trimmingCharacters(in: .whitespacesAndNewlines)
            guard let score = labels[label] else {
                throw JudgeAnswerError(
                    wanted: "a label of \(labels.keys.joined(separator: ", "))", answer)
            }
            return score
        }
    }

    /// Servers without structured output often answer with the bare number.
    private static func number(_ json: JSONValue?, _ answer: String) -> Double? {
        json?["score"]?.doubleValue
            ?? Double(answer.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    private static func share(
        _ value: Double?, _ name: String, _ lowest: Double, _ highest: Double, _ answer: String
    ) throws(JudgeAnswerError) -> Double {
        (try within(value, name, lowest, highest, answer) - lowest) / (highest - lowest)
    }

    private static func within(
        _ value: Double?, _ name: String, _ lowest: Double, _ highest: Double, _ answer: String
    ) throws(JudgeAnswerError) -> Double {
        guard let value, value >= lowest, value <= highest else {
            throw JudgeAnswerError(
                wanted: "\(name) from \(lowest.formatted()) to \(highest.formatted())", answer)
        }
        return value
    }

    /// The JSON object in `answer`, also between other words or in a code fence.
    private static func object(in answer: String) -> JSONValue? {
        guard let start = answer.firstIndex(of: "{"), let end = answer.lastIndex(of: "}"),
            start < end, let json = try? JSONValue(parsing: Array(answer[start...end].utf8)),
            json.objectValue != nil
        else { return nil }
        return json
    }
}

/// An answer of a judge from which no score can be read.
public struct JudgeAnswerError: Error, Sendable, Hashable, CustomStringConvertible {
    public var wanted: String
    /// The beginning of what it said.
    public var answer: String

    init(wanted: String, _ answer: String) {
        self.wanted = wanted
        self.answer = String(answer.prefix(120))
    }

    public var description: String { "the judge gave no \(wanted); it said: \(answer)" }
}
