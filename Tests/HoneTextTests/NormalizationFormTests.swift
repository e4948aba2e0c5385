import Testing

@testable import HoneText

@Suite struct NormalizationFormTests {
    private func normalize(_ text: String, _ form: NormalizationForm) -> [UInt32] {
        let output = ByteBuffer()
        var text = text
        text.withUTF8 { form.apply(to: $0, output) }
        return String(decoding: output.bytes, as: UTF8.self).unicodeScalars.map(\.value)
    }

    @Test func ordersMarksByTheirClasses() {
        // U+0323 below (class 220) comes before U+0307 above (230); both compose with s in turn.
        #expect(normalize("s\u{307}\u{323}", .nfd) == [0x73, 0x323, 0x307])
        #expect(normalize("s\u{307}\u{323}", .nfc) == [0x1E69])
    }

    /// A quadratic ordering would take minutes here.
    @Test func ordersLongRunsOfMarks() {
        let marks = String(repeating: "\u{301}\u{323}", count: 50_000)
        let expected =
            [0x61] + [UInt32](repeating: 0x323, count: 50_000)
            + [UInt32](repeating: 0x301, count: 50_000)
        #expect(normalize("a" + marks, .nfd) == expected)
    }

    @Test func leavesBlockedMarksAlone() {
        // Two marks of the same class: only the first composes.
        #expect(normalize("a\u{308}\u{301}", .nfc) == [0xE4, 0x301])
        // A starter between blocks.
        #expect(normalize("a\u{34F}\u{301}", .nfc) == [0x61, 0x34F, 0x301])
    }

    @Test func composesHangulByArithmetic() {
        #expect(normalize("\u{1112}\u{1161}\u{11AB}", .nfc) == [0xD55C])
        #expect(normalize("\u{D55C}", .nfd) == [0x1112, 0x1161, 0x11AB])
        #expect(normalize("\u{AC00}\u{11A8}", .nfc) == [0xAC01])
        // U+11A7 is no final consonant, and a closed syllable takes none.
        #expect(normalize("\u{AC00}\u{11A7}", .nfc) == [0xAC00, 0x11A7])
        #expect(normalize("\u{AC01}\u{11A8}", .nfc) == [0xAC01, 0x11A8])
    }

    @Test func doesNotComposeExclusions() {
        #expect(normalize("\u{915}\u{93C}", .nfc) == [0x915, 0x93C])
        #expect(normalize("\u{958}", .nfc) == [0x915, 0x93C])
        #expect(normalize("\u{212B}", .nfc) == [0xC5])
    }

    @Test func decomposesForCompatibility() {
        #expect(normalize("ﬁ①", .nfkc) == [0x66, 0x69, 0x31])
        #expect(normalize("ﬁ", .nfc) == [0xFB01])
        #expect(normalize("\u{1E9B}\u{323}", .nfkd) == [0x73, 0x323, 0x307])
        #expect(normalize("\u{1E9B}\u{323}", .nfkc) == [0x1E69])
    }
}
