/// Where in a text the mathematics is that it ends up saying.
///
/// In this order: what is boxed, or stands in "final answer is …. I hope it is correct"; what follows "final
/// answer is"; what follows "answer"; the last of all.
/// Within one of these the last that can be read counts.
///
/// Source: the extraction of Math-Verify 0.9 with `boxed_match_priority` 0, and ours where a text holds
/// no mathematics that is set apart: then a short text is read as LaTeX as a whole.
struct MathExtraction {
    /// What is looked for.
    struct Targets: OptionSet, Sendable {
        let rawValue: Int
        static let latex = Targets(rawValue: 1)
        static let plain = Targets(rawValue: 2)
        static let whole = Targets(rawValue: 4)
        static let all: Targets = [.latex, .plain, .whole]
    }

    /// What a text says: values, of which one has to fit, and the text of the first candidate.
    struct Reading: Sendable {
        var values: [MathValue] = []
        var text: String?
    }

    /// A text longer than this is not read as one expression.
    private static let longestWhole = 200

    /// Of a longer text, in bytes, only the end is looked at.
    private static let longestText = 50_000
    /// Of more places that announce an answer only the last are looked at.
    private static let mostAnnouncements = 40

    private let text: [UInt8]
    private let targets: Targets
    private let environments: MathEnvironments

    init(_ text: String, targets: Targets = .all) {
        let tail = text.utf8.suffix(Self.longestText).drop { $0 & 0xC0 == 0x80 }
        self.text = Array(tail)
        self.targets = targets
        environments = MathEnvironments(self.text)
    }

    private struct Candidate {
        let range: Range<Int>
        let content: Content

        enum Content {
            case chain(MathEnvironments.Chain)
            case boxes(String)
            case plain(PlainMathematics.Match)
        }
    }

    func reading() -> Reading {
        var reading = Reading()
        let steps: [() -> [Candidate]] = [
            { boxed() + concluded() }, afterFinalAnswer, afterAnswer, anywhere,
        ]
        for step in steps {
            // The one that ends last; among those that end together the one that begins first.
            let candidates = step().sorted {
                ($0.range.upperBound, $1.range.lowerBound)
                    > ($1.range.upperBound, $0.range.lowerBound)
            }
            for candidate in candidates {
                let (value, source) = read(candidate.content)
                if reading.text == nil, let source { reading.text = source }
                if let value {
                    reading.values.append(value)
                    return withWhole(reading)
                }
            }
        }
        return withWhole(reading)
    }

    /// The whole text instead, where nothing in it is set apart as mathematics and it can be read.
    private func withWhole(_ reading: Reading) -> Reading {
        guard targets.contains(.whole), text.count <= Self.longestWhole,
            !text.contains(UInt8(ascii: "\n"))
        else { return reading }
        let whole = String(decoding: text, as: UTF8.self)
        guard !["$", "\\boxed", "\\(", "\\["].contains(where: whole.contains) else {
            return reading
        }
        var reading = reading
        if let value = MathParser.value(of: whole) {
            // "3 oranges" is read as a product of letters; the 3 found in it counts as well.
            if whole.contains(where: Self.signs.contains) { reading.values = [] }
            if !reading.values.contains(value) { reading.values.append(value) }
        }
        reading.text = PythonText.strip(whole)
        return reading
    }

    /// What makes a text mathematics rather than words around a number.
    private static let signs: Set<Character> = [
        "\\", "+", "*", "/", "^", "=", "<", ">", "(", "[", "{", "|", "√", "π", "%",
    ]

    // MARK: Reading

    private func read(_ content: Candidate.Content) -> (MathValue?, String?) {
        switch content {
        case .boxes(let latex): return (Self.value(of: latex), latex)
        case .plain(let match):
            let source = match.isPercent ? match.text + "%" : match.text
            return (MathParser.value(of: source), source)
        case .chain(let chain):
            var values: [MathValue?] = []
            var sources: [String] = []
            for environment in chain.environments {
                let latex = text.text(environment.content)
                let boxes = BoxedText.contents(in: latex, isOpenAllowed: true)
                let source = boxes.isEmpty ? latex : boxes.withoutRepeats.joined(separator: ",")
                sources.append(PythonText.strip(source))
                let value = Self.value(of: source)
                values.append(environment.isPercent ? value.map(Self.percent) : value)
            }
            guard values.count > 1, !values.contains(where: { $0 == nil }) else {
                return (values[0], sources[0])
            }
            let members = values.compactMap { $0 }.flatMap { value -> [MathValue] in
                if case .set(let members) = value { return members }
                return [value]
            }
            return (.set(members), sources.joined(separator: " and "))
        }
    }

    /// The value of `latex`; where it cannot be read and is a chain of equations, that of its last member.
    private static func value(of latex: String) -> MathValue? {
        if let value = MathParser.value(of: latex) { return value }
        guard !latex.contains(","), !latex.contains(";") else { return nil }
        var members: [String] = [""]
        var previous: Character = " "
        for character in latex {
            if character == "=", !"\\<!>".contains(previous) {
                members.append("")
            } else {
                members[members.count - 1].append(character)
            }
            previous = character
        }
        return members.count > 2 ? MathParser.value(of: members[members.count - 1]) : nil
    }

    private static func percent(_ value: MathValue) -> MathValue {
        value.expression.map { .expression(.percent($0)) } ?? value
    }

    // MARK: Candidates

    private func boxed() -> [Candidate] {
        guard targets.contains(.latex) else { return [] }
        var candidates = environments.chains(.boxed).map {
            Candidate(range: $0.range, content: .chain($0))
        }
        if let run = BoxedText.lastRun(in: text) {
            candidates.append(Candidate(range: run.range, content: .boxes(run.latex)))
        }
        return candidates
    }

    private func anywhere() -> [Candidate] {
        var candidates: [Candidate] = []
        if targets.contains(.latex) {
            candidates += environments.chains(.any).map {
                Candidate(range: $0.range, content: .chain($0))
            }
        }
        if targets.contains(.plain) {
            candidates += PlainMathematics.matches(in: text).map {
                Candidate(range: $0.range, content: .plain($0))
            }
        }
        return candidates
    }

    private static let conclusion = RewardPattern.own("(?i)final answer is:?")
    private static let hope = RewardPattern.own("\\.?\\s?I hope")

    /// What stands in "The final answer is …. I hope it is correct."
    private func concluded() -> [Candidate] {
        (Self.conclusion.matches(in: text) ?? []).suffix(Self.mostAnnouncements).compactMap {
            captures in
            guard let words = captures[0], let found = candidate(at: words.upperBound),
                Self.hope.match(at: found.range.upperBound, in: text) != nil
            else { return nil }
            return found
        }
    }

    private static let finalAnswer = RewardPattern.own("(?is)final answer(?=(.{0,102}))")
    private static let isWord = Array("is".utf8)

    /// What follows "final answer … is".
    private func afterFinalAnswer() -> [Candidate] {
        (Self.finalAnswer.matches(in: text) ?? []).suffix(Self.mostAnnouncements).compactMap {
            captures in
            guard let words = captures[0], let window = captures[1] else { return nil }
            var index = words.upperBound
            while let place = text.firstIndex(of: Self.isWord, from: index),
                place < window.upperBound
            {
                index = place + Self.isWord.count
                guard place > 0, text[place - 1].isASCIISpace else { continue }
                if text.has([UInt8(ascii: ":")], at: index) { index += 1 }
                if let found = candidate(at: index) { return found }
            }
            return nil
        }
    }

    private static let answer = RewardPattern.own("(?is)answer(?=(.{0,50}))")

    /// What follows "answer" within 50 characters.
    private func afterAnswer() -> [Candidate] {
        (Self.answer.matches(in: text) ?? []).suffix(Self.mostAnnouncements).compactMap {
            captures in
            guard let words = captures[0], let window = captures[1] else { return nil }
            for index in words.upperBound...window.upperBound {
                guard index < text.count else { return nil }
                if let found = candidate(at: index, isFinal: false) { return found }
            }
            return nil
        }
    }

    /// What stands at `index`, white space aside.
    private func candidate(at index: Int, isFinal: Bool = true) -> Candidate? {
        if targets.contains(.latex) {
            for start in Set([index, environments.skipSpace(index)]) where start < text.count {
                if let chain = environments.chain(at: start, .any) {
                    return Candidate(range: chain.range, content: .chain(chain))
                }
            }
        }
        if targets.contains(.plain), let match = PlainMathematics.match(at: index, in: text) {
            // "answer: x = 3 + 4 = 7": the first number is not what the words announce.
            if !isFinal,
                text.has([UInt8(ascii: "=")], at: environments.skipSpace(match.range.upperBound))
            {
                return nil
            }
            return Candidate(range: match.range, content: .plain(match))
        }
        return nil
    }
}

extension Array where Element == String {
    /// Without elements that equal the one before.
    fileprivate var withoutRepeats: [String] {
        reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }
}
