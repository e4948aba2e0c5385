import HoneCore

/// One step that rewrites text before it is cut into words.
enum Normalizer: Sendable {
    case unicode(NormalizationForm)
    /// Each character by its full lower-case mapping, without regard to context.
    case lowercase
    /// Puts a text before each that is not empty.
    case prepend([UInt8])
    case replace(Pattern, by: [UInt8])
    case strip(left: Bool, right: Bool)
    /// Drops combining marks.
    case stripAccents

    /// Appends what becomes of `text` to `output`. Returns whether the output begins where the text
    /// began, that is, whether nothing was dropped there.
    func apply(
        to text: UnsafeBufferPointer<UInt8>, _ scratch: MatchScratch, _ output: ByteBuffer
    ) throws(TokenizerError) -> Bool {
        switch self {
        case .unicode(let form): form.apply(to: text, output)
        case .lowercase:
            var index = 0
            while let (scalar, next) = UTF8Scalar.at(index, in: text) {
                index = next
                if scalar.isASCII {
                    let byte = UInt8(scalar.value)
                    output.append((0x41...0x5A).contains(byte) ? byte | 0x20 : byte)
                } else {
                    for lower in scalar.properties.lowercaseMapping.unicodeScalars {
                        output.append(lower)
                    }
                }
            }
        case .prepend(let prefix):
            if text.count > 0 { output.append(prefix) }
            output.append(text)
        case .replace(let pattern, let replacement):
            var startsWithMatch = false
            try pattern.forEachPart(of: text, scratch) { start, end, isMatch in
                if isMatch, start == 0, end > 0 { startsWithMatch = true }
                if isMatch {
                    output.append(replacement)
                } else {
                    output.append(text.part(start, end))
                }
            }
            return !(startsWithMatch && replacement.isEmpty)
        case .strip(let left, let right):
            let start = left ? WhiteSpace.endOfRun(from: 0, in: text) : 0
            let end = right ? WhiteSpace.startOfRun(endingAt: text.count, in: text) : text.count
            if start < end { output.append(text.part(start, end)) }
            return start == 0
        case .stripAccents:
            var index = 0
            var keepsStart = true
            while let (scalar, next) = UTF8Scalar.at(index, in: text) {
                if NormalizationData.accents.contains(scalar.value) {
                    if index == 0 { keepsStart = false }
                } else {
                    output.append(scalar)
                }
                index = next
            }
            return keepsStart
        }
        return true
    }
}
