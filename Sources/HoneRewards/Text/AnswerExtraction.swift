import HoneCore
import OrderedCollections

/// Where in a completion the answer is.
public indirect enum AnswerExtraction: Sendable, Hashable {
    /// The whole completion.
    case whole
    /// Between `<name>` and `</name>`.
    case tag(String, Occurrence)
    /// From the last occurrence of a marker, as GSM8K's `####`, to the end of that line.
    case after(String)
    /// The last line that is not blank.
    case lastLine
    /// The last number as written, with its sign, separators, fraction and percent sign.
    case lastNumber
    /// What the last `\boxed{…}` or `\fbox{…}` holds, with its braces matched.
    case boxed
    /// What the last fenced block holds, as in Markdown.
    case codeBlock
    /// What the last match of a regular expression captured.
    case pattern(PatternPlace)
    /// The first of these that finds an answer.
    case firstFound([AnswerExtraction])

    public enum Occurrence: String, ConfigChoice {
        case first, last
        /// No answer if the tag pair occurs more than once.
        case only
    }

    /// The answer in `text`, or `nil` if it has none where it should be.
    public func answer(in text: String) -> String? {
        switch self {
        case .whole: return text
        case .tag(let name, let occurrence):
            let contents = TaggedText(tag: name).contents(in: Array(text.utf8))
            switch occurrence {
            case .first: return contents.first
            case .last: return contents.last
            case .only: return contents.count == 1 ? contents[0] : nil
            }
        case .after(let marker):
            let bytes = Array(text.utf8)
            let needle = Array(marker.utf8)
            guard let start = bytes.lastIndex(of: needle) else { return nil }
            let rest = bytes[(start + needle.count)...]
            let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
            return bytes.text(start + needle.count..<end)
        case .lastLine:
            return text.split(whereSeparator: \.isNewline).last { !PythonText.strip($0).isEmpty }
                .map(String.init)
        case .lastNumber: return WrittenNumber.last(in: text)
        case .boxed: return BoxedText.contents(in: text).last
        case .codeBlock: return CodeBlock.last(in: text)
        case .pattern(let place): return place.lastCapture(in: text)
        case .firstFound(let places):
            for place in places {
                if let answer = place.answer(in: text) { return answer }
            }
            return nil
        }
    }
}
