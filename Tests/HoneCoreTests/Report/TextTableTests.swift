import HoneCore
import Testing

@Suite struct TextTableTests {
    @Test func namesBeginAtTheLeftAndNumbersEndAtTheRight() {
        let rows = [["reward", "mean", "std"], ["a", "0.25", "1"], ["b"]]
        #expect(
            TextTable.lines(of: rows) == ["reward  mean  std", "a       0.25    1", "b     "])
        #expect(TextTable.lines(of: []).isEmpty)
    }

    @Test func aLastColumnAtTheLeftHasNoBlanksBehindIt() {
        #expect(
            TextTable.lines(of: [["a", "1", "▁▂"], ["bc", "10", "▁▂▃"]], [.left, .right, .left])
                == ["a    1  ▁▂", "bc  10  ▁▂▃"])
    }

    @Test func barsAreAsLongAsTheirShareOfTheLargestCount() {
        let bar = { String(repeating: "█", count: $0) }
        #expect(
            TextTable.bars([("0", 10), ("1 to 2", 5), ("3", 0)])
                == ["     0  10  " + bar(40), "1 to 2   5  " + bar(20), "     3   0"])
        #expect(TextTable.bars([("0", 0)]) == ["0  0"])
    }

    @Test func decimalsHaveNoNeedlessZeros() {
        #expect(0.25.decimalText(digits: 4) == "0.25")
        #expect(12_345.0.decimalText(digits: 4) == "12345")
        #expect((2.0 / 3).decimalText(digits: 2) == "0.67")
    }
}
