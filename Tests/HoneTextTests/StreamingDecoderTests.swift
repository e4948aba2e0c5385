import Testing

@testable import HoneText

@Suite struct StreamingDecoderTests {
    /// Every seventh hostile string, and as many lists of drawn ids, which cut characters apart.
    @Test(arguments: TokenizerFixture.families)
    func givesPiecesThatTogetherAreTheFullText(family: String) throws {
        let fixture = try TokenizerFixture(family)
        let strings = try TokenizerFixture.strings()
        var wrong: [String] = []
        for index in stride(from: 0, to: strings.count, by: 7) {
            let encoded = try fixture.tokenizer.encode(strings[index], addSpecialTokens: true)
            for ids in [encoded, fixture.drawnIDs(index), encoded.reversed()] {
                let skips = index % 2 == 0
                var decoder = StreamingDecoder(fixture.tokenizer, skipSpecialTokens: skips)
                var pieces = ids.map { decoder.append($0) }
                pieces.append(decoder.finish())
                let whole = fixture.tokenizer.decode(ids, skipSpecialTokens: skips)
                // As bytes: strings compare by canonical equivalence.
                if !pieces.joined().utf8.elementsEqual(whole.utf8) {
                    wrong.append("\(ids): \(pieces) is not \(whole.debugDescription)")
                }
            }
        }
        let count = wrong.count
        #expect(count == 0, "\(wrong.prefix(3).joined(separator: "\n"))")
    }

    @Test func holdsBackHalfACharacter() throws {
        // é is C3 A9: in the byte alphabet Ã and ©.
        let tokenizer = try TokenizerFixture("gpt2").tokenizer
        let first = try #require(tokenizer.id(of: "Ã"))
        let second = try #require(tokenizer.id(of: "©"))
        var decoder = StreamingDecoder(tokenizer, skipSpecialTokens: true)
        #expect(decoder.append(Int32(first)) == "")
        #expect(decoder.append(Int32(second)) == "é")
        #expect(decoder.append(Int32(first)) == "")
        #expect(decoder.finish() == "\u{FFFD}")
    }

    @Test func holdsBackByteTokensUntilTheirRunEnds() throws {
        let tokenizer = try TokenizerFixture("llama2").tokenizer
        let newline = try #require(tokenizer.id(of: "<0x0A>"))
        let letter = try #require(tokenizer.id(of: "a"))
        var decoder = StreamingDecoder(tokenizer, skipSpecialTokens: true)
        #expect(decoder.append(Int32(letter)) == "a")
        #expect(decoder.append(Int32(newline)) == "")
        #expect(decoder.provisionalText == "\n")
        #expect(decoder.append(Int32(letter)) == "\na")
    }

    /// UTF8Tail against the definition: a tail is incomplete if some bytes complete it.
    @Test(
        arguments: [
            ([0x61], 0), ([0xC3], 1), ([0xC3, 0xA9], 0), ([0xE2, 0x82], 2),
            ([0xE2, 0x82, 0xAC], 0),
            ([0xE0, 0x80], 0), ([0xED, 0xA0], 0), ([0xF0, 0x9F, 0x98], 3), ([0xF4, 0x90], 0),
            ([0xF5], 0), ([0x80], 0), ([0xC1], 0), ([0x80, 0x80, 0x80, 0x80], 0), ([], 0),
        ] as [([UInt8], Int)])
    func findsWhatMayStillBeCompleted(bytes: [UInt8], count: Int) {
        #expect(UTF8Tail.incompleteCount(of: bytes) == count)
    }
}
