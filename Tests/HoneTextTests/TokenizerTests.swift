import Foundation
import HoneCore
import TestSupport
import Testing

@testable import HoneText

@Suite struct TokenizerTests {
    @Test(arguments: TokenizerFixture.families)
    func agreesWithTheTokenizersLibraryOnEveryHostileString(family: String) throws {
        let fixture = try TokenizerFixture(family)
        let strings = try TokenizerFixture.strings()
        #expect(strings.count == 10_000 && fixture.expectations.count == strings.count)
        let tokenizer = fixture.tokenizer
        var wrong: [String] = []
        for (index, (text, expected)) in zip(strings, fixture.expectations).enumerated() {
            let isEven = index % 2 == 0
            let ids = try tokenizer.encode(text, addSpecialTokens: isEven)
            let decoded = tokenizer.decode(ids, skipSpecialTokens: false)
            let drawn = tokenizer.decode(fixture.drawnIDs(index), skipSpecialTokens: isEven)
            let actual = TokenizerFixture.Expectation(
                ids: Checksum.of(ids), decoded: Checksum.low16(decoded),
                drawn: Checksum.low16(drawn))
            if actual != expected {
                wrong.append(
                    "string \(index) \(text.debugDescription): \(ids) \(actual) \(expected)")
            }
        }
        let count = wrong.count
        #expect(count == 0, "\(wrong.prefix(3).joined(separator: "\n"))")
    }

    @Test(arguments: TokenizerFixture.families)
    func givesTheIDsThatTheLibraryGives(family: String) throws {
        let fixture = try TokenizerFixture(family)
        let strings = try TokenizerFixture.strings()
        let shown = try JSONValue(
            parsing: [UInt8](Fixtures.data("tokenizers/\(family)/shown.json")))
        let rows = try #require(shown.arrayValue)
        #expect(rows.count == 40)
        for row in rows {
            let index = try #require(row["row"]?.intValue)
            let expected = try #require(row["ids"]?.arrayValue).compactMap(\.intValue)
            let ids = try fixture.tokenizer.encode(
                strings[index], addSpecialTokens: index % 2 == 0)
            #expect(ids.map(Int.init) == expected, "\(strings[index].debugDescription)")
        }
    }
}
