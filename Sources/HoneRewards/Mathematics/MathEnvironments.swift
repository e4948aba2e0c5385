/// Finds the mathematics that LaTeX sets apart in a text: `$…$`, `$$…$$`, `\(…\)`, `\[…\]`, ` […] `, and a
/// lone `\frac{1}{2}`.
struct MathEnvironments {
    let text: [UInt8]

    /// One stretch of mathematics.
    struct Environment: Sendable, Hashable {
        /// With its delimiters and a percent sign behind it.
        var range: Range<Int>
        var content: Range<Int>
        var isPercent: Bool
    }

    /// Stretches of which each follows the one before with no more between them than `,`, `and`, `or`.
    struct Chain: Sendable, Hashable {
        var environments: [Environment]

        var range: Range<Int> {
            environments[0].range.lowerBound..<environments[environments.count - 1].range.upperBound
        }
    }

    /// Which stretches count.
    enum Kind {
        case any
        /// Those that hold a `\boxed{…}`.
        case boxed
    }

    private static let longestChain = 6

    /// Where each delimiter closes last: beyond it nothing has to be searched.
    private let lastClosings: [Int?]

    init(_ text: [UInt8]) {
        self.text = text
        lastClosings = Self.delimiters.map { text.lastIndex(of: $0.closing) }
    }

    /// The chains from left to right without overlap.
    func chains(_ kind: Kind) -> [Chain] {
        var found: [Chain] = []
        var index = 0
        while index < text.count {
            if let chain = chain(at: index, kind) {
                found.append(chain)
                index = chain.range.upperBound
            } else {
                index += 1
            }
        }
        return found
    }

    /// The chain that begins at `start`.
    func chain(at start: Int, _ kind: Kind) -> Chain? {
        guard let first = environment(at: start, kind) else { return nil }
        var chain = Chain(environments: [first])
        while chain.environments.count < Self.longestChain,
            let next = connected(from: chain.range.upperBound),
            let environment = environment(at: next, kind)
        {
            chain.environments.append(environment)
        }
        return chain
    }

    /// Where the next stretch begins if nothing but a connector stands between.
    private func connected(from start: Int) -> Int? {
        var index = skipSpace(start)
        let before = index
        if text.has([UInt8(ascii: ",")], at: index) { index += 1 }
        let words = ["and", "or"].map { Array($0.utf8) }
        if let word = words.first(where: { text.has($0, at: index) }) { index += word.count }
        if index == before {
            // "$1$, and $2$": the comma and the word may stand apart.
            return nil
        }
        index = skipSpace(index)
        if let word = words.first(where: { text.has($0, at: index) }) {
            index = skipSpace(index + word.count)
        }
        return index
    }

    func skipSpace(_ start: Int) -> Int {
        var index = start
        while index < text.count, text[index].isASCIISpace { index += 1 }
        return index
    }

    private struct Delimiter {
        let opening: [UInt8]
        let closing: [UInt8]
        let isInline: Bool
    }

    private static let delimiters = [
        Delimiter(opening: Array("$$".utf8), closing: Array("$$".utf8), isInline: false),
        Delimiter(opening: Array("\\[".utf8), closing: Array("\\]".utf8), isInline: false),
        Delimiter(opening: Array("$".utf8), closing: Array("$".utf8), isInline: true),
        Delimiter(opening: Array("\\(".utf8), closing: Array("\\)".utf8), isInline: true),
    ]

    private func environment(at start: Int, _ kind: Kind) -> Environment? {
        // A connector may end the text: "$1$ and".
        guard start < text.count else { return nil }
        for (delimiter, last) in zip(Self.delimiters, lastClosings)
        where text.has(delimiter.opening, at: start) {
            guard let last, last > start else { continue }
            let before = start > 0 ? text[start - 1] : UInt8(ascii: " ")
            if before == UInt8(ascii: "\\") { continue }
            let isDollar = delimiter.opening == [UInt8(ascii: "$")]
            // A dollar behind a digit is a currency.
            if isDollar, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(before) { continue }
            let contentStart = start + delimiter.opening.count
            guard let end = closing(delimiter, from: contentStart), end > contentStart else {
                continue
            }
            let content = contentStart..<end
            if kind == .boxed, !holdsBox(content) { continue }
            return withPercent(content, from: start, to: end + delimiter.closing.count)
        }
        return kind == .boxed ? nil : bracketed(at: start) ?? fraction(at: start)
    }

    private func closing(_ delimiter: Delimiter, from start: Int) -> Int? {
        var index = start
        while index < text.count {
            if delimiter.isInline, text[index] == UInt8(ascii: "\n") { return nil }
            if text.has(delimiter.closing, at: index),
                index == 0 || text[index - 1] != UInt8(ascii: "\\")
                    || delimiter.closing[0] == UInt8(ascii: "\\")
            {
                return index
            }
            index += 1
        }
        return nil
    }

    private func holdsBox(_ content: Range<Int>) -> Bool {
        let box = Array("\\boxed{".utf8)
        return Array(text[content]).firstIndex(of: box) != nil
    }

    private func withPercent(_ content: Range<Int>, from start: Int, to end: Int) -> Environment {
        let after = skipSpace(end)
        let signs = ["\\%", "%", "percentage", "percent", "Percentage", "Percent", "pct", "Pct"]
        if let sign = signs.map({ Array($0.utf8) }).first(where: { text.has($0, at: after) }) {
            return Environment(
                range: start..<after + sign.count, content: content, isPercent: true)
        }
        return Environment(range: start..<end, content: content, isPercent: false)
    }

    /// ` [x = 5] `, which is what is left of `\[x = 5\]` where backslashes were lost.
    private func bracketed(at start: Int) -> Environment? {
        guard text[start].isASCIISpace, text.has([UInt8(ascii: "[")], at: start + 1) else {
            return nil
        }
        var index = start + 2
        while index < text.count, text[index] != UInt8(ascii: "]"),
            text[index] != UInt8(ascii: "["),
            text[index] != UInt8(ascii: "\n")
        {
            index += 1
        }
        guard index > start + 2, text.has([UInt8(ascii: "]")], at: index), index + 1 < text.count,
            text[index + 1].isASCIISpace
        else { return nil }
        return withPercent(start + 2..<index, from: start, to: index + 2)
    }

    /// `-\frac{1}{2}` outside of any environment.
    private func fraction(at start: Int) -> Environment? {
        var index = start
        if text[index] == UInt8(ascii: "-") { index += 1 }
        let command = Array("\\frac".utf8)
        guard text.has(command, at: index) else { return nil }
        index += command.count
        for _ in 0..<2 {
            guard text.has([UInt8(ascii: "{")], at: index),
                let end = BoxedText.closingBrace(in: text, from: index)
            else { return nil }
            let inside = text.text(index + 1..<end)
            guard WrittenNumber.value(of: inside.replacing(",", with: ".")) != nil else {
                return nil
            }
            index = end + 1
        }
        return withPercent(start..<index, from: start, to: index)
    }
}
