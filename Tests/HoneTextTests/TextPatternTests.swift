import HoneText
import Testing

@Suite struct TextPatternTests {
    @Test func givesTheMatchAndItsGroups() throws {
        let pattern = try TextPattern(#"(\d+)(?:-(\d+))?(?<unit>kg|g)?"#)
        #expect(pattern.groupCount == 3)
        #expect(pattern.number(ofGroup: "unit") == 3)
        #expect(pattern.number(ofGroup: "size") == nil)
        #expect(try pattern.firstMatch(in: "é 12kg") == ["12kg", "12", nil, "kg"])
        #expect(try pattern.firstMatch(in: "none") == nil)
    }

    @Test func meansWhatPythonMeans() throws {
        // re.search("^b$", "a\nb") is None, and "." stops at a line break.
        #expect(try TextPattern("^b$").firstMatch(in: "a\nb") == nil)
        #expect(try TextPattern("(?m)^b$").firstMatch(in: "a\nb") == ["b"])
        #expect(try TextPattern("a.b").firstMatch(in: "a\nb") == nil)
        #expect(try TextPattern("(?s)a.b").firstMatch(in: "a\nb") == ["a\nb"])
        // \d and \w know Unicode, as in Python 3.
        #expect(try TextPattern(#"\w+"#).firstMatch(in: "«naïve»") == ["naïve"])
    }

    @Test func replacesEveryMatch() throws {
        #expect(try TextPattern(",").replacingMatches(in: "1,234,567", with: "") == "1234567")
        #expect(
            try TextPattern(#"(\w)(\w)"#).replacingMatches(in: "abcd", with: "$2${1}$$")
                == "ba$dc$")
        let long = String(repeating: "x", count: 1000)
        #expect(
            try TextPattern("x").replacingMatches(in: long, with: "yyy")
                == String(repeating: "yyy", count: 1000))
    }

    @Test func faultyPatternsSayWhere() {
        #expect {
            try TextPattern("ab(")
        } throws: {
            "\($0)" == "the pattern ab( is faulty after 3 bytes: missing closing parenthesis"
        }
        #expect(throws: TextPatternError.self) {
            try TextPattern("x").replacingMatches(in: "x", with: "${none}")
        }
    }

    @Test func hopelessMatchesAreGivenUp() throws {
        let pattern = try TextPattern("(a+)+$")
        #expect(throws: TextPatternError.self) {
            try pattern.firstMatch(in: String(repeating: "a", count: 40) + "b")
        }
    }
}
