import HoneCore

/// One step that turns the texts of tokens into text.
///
/// Each step takes a list of token texts and gives another; the last list is joined. Texts are
/// bytes: within the list they may be cut inside a character only between steps that join them.
enum TokenDecoder: Sendable {
    /// Characters back to the bytes that they stand for (``ByteAlphabet``), joined.
    case byteLevel
    /// Marks back to spaces; none for a mark that begins the first token where one was put there.
    case metaspace(mark: [UInt8], dropsFirst: Bool)
    /// Every occurrence of a text by another.
    case replace([UInt8], by: [UInt8])
    /// Tokens of the form `<0xE2>` to bytes; U+FFFD for each byte of a run that is not UTF-8.
    case byteFallback
    /// All tokens as one.
    case fuse
    /// Up to `start` times `content` off the left of each token, up to `stop` times off its right.
    case strip(content: [UInt8], start: Int, stop: Int)

    /// Bytes that are not UTF-8 become U+FFFD, one for each maximal ill-formed part.
    static func repaired(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    /// The list that becomes of `tokens`.
    func apply(to tokens: [[UInt8]]) -> [[UInt8]] {
        switch self {
        case .byteLevel:
            var bytes: [UInt8] = []
            for token in tokens {
                token.withUnsafeBufferPointer { ByteAlphabet.appendBytes(of: $0, to: &bytes) }
            }
            return [Array(Self.repaired(bytes).utf8)]
        case .metaspace(let mark, let dropsFirst):
            return tokens.enumerated().map { index, token in
                Self.replacing(mark, by: index == 0 && dropsFirst ? [] : [0x20], in: token)
            }
        case .replace(let pattern, let replacement):
            return tokens.map { Self.replacing(pattern, by: replacement, in: $0) }
        case .byteFallback: return Self.joinBytes(tokens)
        case .fuse: return [Array(tokens.joined())]
        case .strip(let content, let start, let stop):
            return tokens.map { Self.stripped($0, content, start, stop) }
        }
    }

    private static func replacing(
        _ pattern: [UInt8], by replacement: [UInt8], in token: [UInt8]
    ) -> [UInt8] {
        guard let first = pattern.first, token.contains(first) else { return token }
        var result: [UInt8] = []
        result.reserveCapacity(token.count)
        var index = 0
        while index < token.count {
            if token[index] == first, token[index...].starts(with: pattern) {
                result.append(contentsOf: replacement)
                index += pattern.count
            } else {
                result.append(token[index])
                index += 1
            }
        }
        return result
    }

    private static func joinBytes(_ tokens: [[UInt8]]) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var run: [UInt8] = []
        func flush() {
            guard !run.isEmpty else { return }
            if UTF8Check.firstInvalidByte(of: run[...]) == nil {
                result.append(run)
            } else {
                result.append(contentsOf: repeatElement([0xEF, 0xBF, 0xBD], count: run.count))
            }
            run.removeAll()
        }
        for token in tokens {
            if let byte = ByteFallbackToken.byte(of: token) {
                run.append(byte)
            } else {
                flush()
                result.append(token)
            }
        }
        flush()
        return result
    }

    private static func stripped(
        _ token: [UInt8], _ content: [UInt8], _ start: Int, _ stop: Int
    ) -> [UInt8] {
        var rest = token[...]
        for _ in 0..<start {
            guard rest.starts(with: content) else { break }
            rest = rest.dropFirst(content.count)
        }
        for _ in 0..<stop {
            guard rest.count >= content.count, rest.suffix(content.count) == content[...] else {
                break
            }
            rest = rest.dropLast(content.count)
        }
        return Array(rest)
    }
}

/// Tokens that stand for one byte each: `<0x00>` … `<0xFF>`.
enum ByteFallbackToken {
    /// The token that stands for `byte`.
    static func text(of byte: UInt8) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return Array("<0x".utf8) + [
            digits[Int(byte >> 4)], digits[Int(byte & 15)], UInt8(ascii: ">"),
        ]
    }

    /// The byte that `token` stands for, if it is such a token (of either case).
    static func byte(of token: [UInt8]) -> UInt8? {
        guard token.count == 6, token.starts(with: [0x3C, 0x30, 0x78]), token[5] == 0x3E else {
            return nil
        }
        return UInt8(String(decoding: token[3..<5], as: UTF8.self), radix: 16)
    }
}
