import Foundation
import HoneCore
import HoneRewards
import OrderedCollections
import TestSupport
import Testing

/// The functions in Swift against those of Cloudera's guide, on completions made by
/// `Tools/fixtures/guide.py`.
@Suite struct GuideTests {
    @Test(arguments: ["correctness", "integer", "strict_format", "soft_format", "xml_count"])
    func agreesWithTheGuide(_ name: String) async throws {
        let rows = try Fixtures.data("rewards/guide.jsonl").split(separator: UInt8(ascii: "\n"))
            .map { try JSONValue(parsing: Array($0)) }
        #expect(rows.count == 800)
        let function: any RewardFunction =
            switch name {
            case "correctness": Correctness()
            case "integer": IntegerAnswer()
            case "strict_format": GuideFormat(name: name, .strict)
            case "soft_format": GuideFormat(name: name, .soft)
            default: XMLCount()
            }
        var seen: Set<Double> = []
        for row in rows {
            let expected = try #require(row[name]?.doubleValue)
            let completion = try #require(row["completion"]?.stringValue)
            let found = await function.values([completion], columns: row.objectValue ?? [:])[0]
            #expect(abs((found ?? .nan) - expected) < 1e-12, "\(completion.debugDescription)")
            seen.insert(expected)
        }
        // Both sides of the edge occur. The soft pattern never matches where reasoning has lines of its
        // own, as in all these completions; the next test has it on one line.
        #expect(seen.count >= (name == "soft_format" ? 1 : 2))
    }

    @Test func severalLinesCountIfAskedFor() async {
        let line = "<reasoning>a</reasoning> \n<answer>1</answer> b"
        #expect(await GuideFormat(name: "f", .soft).values([line, " " + line]) == [1, 0])
        let text = "<reasoning>\na\nb\n</reasoning>\n<answer>\n1\n</answer>\n"
        #expect(await GuideFormat(name: "f", .strict).values([text]) == [0])
        #expect(await GuideFormat(name: "f", .strict, span: .multiple).values([text]) == [1])
        #expect(await GuideFormat(name: "f", .soft, span: .multiple).values([text + "x"]) == [1])
    }

    @Test func tagPresenceIsTheShareOfTagsThatOccurOnce() async {
        // Four tags; then one is missing; then one is doubled and one missing.
        #expect(
            await TagPresence().values([
                "<reasoning>a</reasoning><answer>b</answer>", "<reasoning>a<answer>b</answer>",
                "<answer><answer></answer>", "",
            ]) == [1, 0.75, 0.25, 0])
        #expect(
            await TagPresence(counting: .pairs).values([
                "<reasoning>a</reasoning><answer>b</answer>", "<reasoning>a<answer>b</answer>",
                "<answer><answer></answer>", "</answer><answer>",
            ]) == [1, 0.5, 0.5, 0])
    }
}

@Suite struct TextRewardTests {
    @Test func regexMatchesWhereItShould() async throws {
        let pattern = try RewardPattern("ab|b")
        func values(_ place: RegularExpression.Place, _ expectation: PatternReward.Expectation)
            async
            -> [Double?]
        {
            var options = PatternReward.Options()
            options.place = place
            options.expectation = expectation
            return await PatternReward(pattern, options).values(["ab", "abc", "cab", "c"])
        }
        #expect(await values(.anywhere, .match) == [1, 1, 1, 0])
        #expect(await values(.start, .match) == [1, 1, 0, 0])
        #expect(await values(.whole, .match) == [1, 0, 0, 0])
        #expect(await values(.anywhere, .noMatch) == [0, 0, 0, 1])
    }

    @Test func aPatternThatWouldNeverEndFails() async throws {
        let reward = PatternReward(try RewardPattern("(a*)*b(?<=c)"))
        let text = String(repeating: "a", count: 40_000) + "b"
        let start = ContinuousClock.now
        #expect(await reward.values([text]) == [nil])
        #expect(ContinuousClock.now - start < .seconds(20))
    }

    @Test func repetitionCountsNGramsThatOccurAgain() async {
        // a b c | b c a | c a b | a b c: 4 trigrams, 3 distinct. Five equal words: 3 trigrams, 1 distinct.
        let values = await RepetitionPenalty().values([
            "a b c A B C", "x x x x x", "a b", "a b c d",
        ])
        #expect(values[0] == -0.25)
        #expect(abs((values[1] ?? 0) + 2.0 / 3) < 1e-12)
        #expect(values[2...] == [0, 0])
    }

    @Test func languageGoesByScriptOrCommonWords() async {
        let english = "This is the answer that we have to give to the question."
        let german = "Das ist die Antwort, die wir auf die Frage geben."
        let russian = "Это ответ на ваш вопрос о модели."
        let all = [english, german, russian, "Yes."]
        #expect(await LanguageReward(.english).values(all) == [1, 0, 0, nil])
        #expect(await LanguageReward(.german).values(all)[1] == 1)
        #expect(await LanguageReward(.russian).values(all) == [0, 0, 1, nil])
        // Two of nine letters are kana, which Chinese does not have.
        let chinese = await LanguageReward(.chinese).values(["模型输出参考答案です"])
        #expect(abs((chinese[0] ?? 0) - 0.8) < 1e-12)
    }

    @Test func theLastFencedBlockIsTheCode() {
        func code(_ text: String) -> String? { AnswerExtraction.codeBlock.answer(in: text) }
        #expect(code("a\n```python\nx = 1\n\ny = 2\n```\nb\n```\nz\n```") == "z")
        #expect(code("```python\nx = 1") == "x = 1")
        #expect(code("````\n```\nx\n```\n````") == "```\nx\n```")
        #expect(code("no code ``` here") == nil)
    }
}
