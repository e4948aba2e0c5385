import HoneCore
import OrderedCollections

/// 1 if the answer is an equation that uses every given number exactly once and gives the target.
///
/// Formula: 1 if the text has exactly one `<answer>…</answer>`, its content (stripped) is an
/// ``ArithmeticExpression``, the multiset of its numbers equals the row's numbers, and its exact
/// value equals the row's target; else 0. Range {0, 1}.
///
/// Source: `equation_reward_func` of AgileRL's LLM fine-tuning tutorial. Where we differ, each time
/// towards the game's rules: AgileRL's `eval` also allows `**` and `//`, it lets a decimal point join
/// two given numbers (`7.5` from 7 and 5), and it accepts values within 1e-5 of the target; here
/// arithmetic is exact and only `+ - * /` are operators.
public struct CountdownEquation: RewardFunction {
    public let name: String
    public var options: Options

    public init(name: String = "countdown_equation", _ options: Options = Options()) {
        self.name = name
        self.options = options
    }

    public struct Options: DeclaredReward {
        /// Column with the given numbers.
        public var numbers = "nums"
        /// Column with the number to reach.
        public var target = "target"
        /// Name of the tag around the answer.
        public var tag = TagName("answer")
        /// What stands before the completion in the text scored; `nil`: the opening think tag if the
        /// prompt ends with it.
        public var prefix: String?

        public init() {}

        public static let defaults = Options()
        public static let summary =
            "1 if the answer is an equation over + - * / that uses each given number once and hits "
            + "the target."
        public static let fields: [ConfigField<Options>] = [
            ConfigField("numbers", \.numbers, "Column with the given numbers.", .notEmpty),
            ConfigField("target", \.target, "Column with the number to reach.", .notEmpty),
            ConfigField("tag", \.tag, "Name of the tag around the answer."),
            ConfigField("prefix", \.prefix, ScoredPrefix.summary),
        ]

        public func function(name: String) -> any RewardFunction {
            CountdownEquation(name: name, self)
        }
    }

    public func score(_ request: GradingRequest) async -> [Score] {
        let problem: Problem
        do throws(GraderFailure) {
            problem = try Problem(
                numbers: try request.row.column(options.numbers, for: name),
                target: try request.row.column(options.target, for: name), reward: self)
        } catch {
            return request.completions.map { _ in .failed(error) }
        }
        let prefix = ScoredPrefix(options.prefix)
        let tag = TaggedText(tag: options.tag.text)
        return request.completions.map { completion in
            let text = prefix.text(
                prompt: request.prompt, completion: completion, openingTag: "<think>")
            return .value(problem.isSolved(by: tag.contents(in: text)) ? 1 : 0)
        }
    }

    /// The numbers and target of one row.
    private struct Problem {
        let numbers: [Rational: Int]
        let target: Rational

        init(
            numbers: JSONValue, target: JSONValue, reward: CountdownEquation
        ) throws(GraderFailure) {
            guard let list = Self.list(numbers) else {
                throw .badColumn(
                    reward.options.numbers, numbers, for: reward.name, expected: "a list of numbers"
                )
            }
            guard let value = Self.rational(target) else {
                throw .badColumn(
                    reward.options.target, target, for: reward.name, expected: "a number")
            }
            self.numbers = Dictionary(list.map { ($0, 1) }, uniquingKeysWith: +)
            self.target = value
        }

        func isSolved(by answers: [String]) -> Bool {
            guard answers.count == 1,
                let expression = try? ArithmeticExpression(PythonText.strip(answers[0])),
                // An integer is written as it was given: `5` or `5.`, not `5.0`.
                expression.literals.allSatisfy({ !$0.hasDecimals || $0.value.denominator != 1 })
            else { return false }
            let used = Dictionary(
                expression.literals.map { ($0.value, 1) }, uniquingKeysWith: +)
            return used == numbers && expression.value == target
        }

        /// A JSON array, or its text as a CSV file has it: `[3, 4, 5]` or `3 4 5`.
        private static func list(_ value: JSONValue) -> [Rational]? {
            switch value {
            case .array(let elements):
                let numbers = elements.compactMap(rational)
                return numbers.count == elements.count && !numbers.isEmpty ? numbers : nil
            case .string(let text):
                let parts = text.split { " ,[]()\t".contains($0) }
                return parts.isEmpty ? nil : list(.array(parts.map { .string(String($0)) }))
            default: return nil
            }
        }

        private static func rational(_ value: JSONValue) -> Rational? {
            switch value {
            case .int(let value): Rational(value)
            case .double(let value): Int(exactly: value).map(Rational.init) ?? written("\(value)")
            case .string(let text): written(PythonText.strip(text))
            default: nil
            }
        }

        private static func written(_ text: String) -> Rational? {
            text.hasPrefix("-")
                ? Rational(decimal: text.dropFirst())?.negated : Rational(decimal: text)
        }
    }
}
