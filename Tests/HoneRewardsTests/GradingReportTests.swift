import HoneCore
import HoneRewards
import Testing

@Suite struct GradingReportTests {
    @Test func quantilesAndSpreadDescribeTheScores() {
        var scores = ScoreDistribution()
        #expect(scores.spread == nil)
        #expect(scores.quantiles([0.5]) == nil)
        for score in [4.0, 1, 3, 2] { scores.add(score) }
        #expect(scores.spread?.mean == 2.5)
        // Σ (x − 2.5)² = 5, over 3.
        #expect(scores.spread?.deviation == (5.0 / 3).squareRoot())
        #expect(scores.quantiles([0, 0.25, 0.5, 0.75, 1]) == [1, 1, 2, 3, 4])
    }

    @Test func fewDistinctScoresHaveABinEachAndManyShareEqualOnes() {
        var scores = ScoreDistribution()
        for score in [0.0, 1, 1] { scores.add(score) }
        #expect(
            scores.histogram() == [
                .init(lower: 0, upper: 0, count: 1), .init(lower: 1, upper: 1, count: 2),
            ])
        scores.add(2)
        scores.add(4)
        #expect(
            scores.histogram(limit: 2) == [
                .init(lower: 0, upper: 2, count: 3), .init(lower: 2, upper: 4, count: 2),
            ])
    }

    @Test func theReportNamesFailuresAndSlowCalls() {
        var report = GradingReport(names: ["a", "b"])
        let failure = GraderFailure(function: "b", kind: .raised, message: "ValueError: x")
        for row in 0..<3 {
            report.add(
                .scored(Reward(total: 1, components: [])),
                [
                    Assessment(score: .value(1), seconds: 0.001 * Double(row)),
                    Assessment(score: .abstained),
                ], row: row)
        }
        report.add(
            .failed(failure, partial: Reward(total: 0, components: [])),
            [Assessment(score: .value(0)), Assessment(score: .failed(failure))], row: 3)
        #expect(
            report.text == """
                reward  count  mean  std  min  median  max  failed  abstained  no number
                total       3     1    0    1       1    1       1          0          0
                a           4  0.75  0.5    0       1    1       0          0          0
                b           0     –    –    –       –    –       1          3          0
                1 of 4 completions have no total: a reward function failed.

                total
                  1  3  ████████████████████████████████████████

                failures
                  1 × b raised: ValueError: x (first in row 3)

                slowest
                  2 ms  a, row 2
                  1 ms  a, row 1
                  0 µs  a, row 0

                """)
    }
}
