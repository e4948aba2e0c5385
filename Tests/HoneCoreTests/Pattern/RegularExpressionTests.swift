import HoneCore
import Testing

@Suite struct RegularExpressionTests {
    private static func captures(
        _ pattern: String, _ text: String, _ execution: RegularExpression.Execution
    ) throws -> [Range<Int>?]? {
        let expression = try RegularExpression(pattern, execution)
        let scratch = MatchScratch(groupCount: expression.groupCount, MatchScratch.Bounds())
        let whole = try Array(text.utf8).withUnsafeBufferPointer {
            try expression.firstMatch(in: $0, from: 0, scratch)
        }
        return whole == nil ? nil : scratch.captures
    }

    @Test(arguments: [RegularExpression.Execution.machineCode, .interpreted])
    func findsTheFirstMatchWithItsGroups(_ execution: RegularExpression.Execution) throws {
        // é takes two bytes; the second group takes no part.
        #expect(try Self.captures("(b+)(c)?", "éabbd", execution) == [3..<5, 3..<5, nil])
        #expect(try Self.captures("x", "éabbd", execution) == nil)
        #expect(try Self.captures("x*", "", execution) == [0..<0])
        #expect(try RegularExpression("(a)(?<unit>b)", execution).number(ofGroup: "unit") == 2)
        #expect(try RegularExpression("(a)(?<unit>b)", execution).number(ofGroup: "none") == nil)
    }

    @Test func aMatchStandsWhereItShould() throws {
        let expression = try RegularExpression("b|ab", .machineCode)
        let scratch = MatchScratch(groupCount: 0, MatchScratch.Bounds())
        func place(_ text: String, _ place: RegularExpression.Place) throws -> Range<Int>? {
            try Array(text.utf8).withUnsafeBufferPointer {
                try expression.match(in: $0, from: 0, place, scratch)
            }
        }
        #expect(try place("cab", .anywhere) == 1..<3)
        #expect(try place("cab", .start) == nil)
        #expect(try place("abc", .start) == 0..<2)
        #expect(try place("abc", .whole) == nil)
        #expect(try place("ab", .whole) == 0..<2)
    }

    @Test func aMatchThatCostsTooMuchIsGivenUp() throws {
        let text = Array(String(repeating: "a", count: 40).utf8)
        for execution in [RegularExpression.Execution.machineCode, .interpreted] {
            let expression = try RegularExpression("(a+)+$(?<=b)", execution)
            let scratch = MatchScratch(groupCount: 1, MatchScratch.Bounds(steps: 1000))
            #expect(throws: RegularExpression.MatchFailure.self) {
                try text.withUnsafeBufferPointer {
                    try expression.firstMatch(in: $0, from: 0, scratch)
                }
            }
        }
    }

    @Test func matchesBeginNoLaterThanTheyMay() throws {
        let expression = try RegularExpression("b", .interpreted)
        let scratch = MatchScratch(groupCount: 0, MatchScratch.Bounds())
        func found(upTo end: Int) throws -> Range<Int>? {
            scratch.limitStart(to: end)
            return try Array("aaab".utf8).withUnsafeBufferPointer {
                try expression.firstMatch(in: $0, from: 0, scratch)
            }
        }
        #expect(try found(upTo: 2) == nil)
        #expect(try found(upTo: 3) == 3..<4)
    }

    @Test func saysWhereAPatternIsFaulty() {
        #expect {
            try RegularExpression("ab(", .machineCode)
        } throws: { error in
            (error as? RegularExpression.CompileError)?.offset == 3
        }
    }
}
