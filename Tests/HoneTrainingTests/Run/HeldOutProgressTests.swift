import HoneCore
import Testing

@testable import HoneTraining

@Suite struct HeldOutProgressTests {
    private static func rule(_ change: (inout EvaluationConfig) -> Void = { _ in })
        -> HeldOutProgress.Rule
    {
        var config = EvaluationConfig()
        change(&config)
        return HeldOutProgress.Rule(config)
    }

    /// The steps that were best, and the one after which the run was told to stop.
    private static func walk(_ values: [Double], _ rule: HeldOutProgress.Rule)
        -> (best: [Int], stop: Int?)
    {
        var progress = HeldOutProgress()
        var best: [Int] = []
        for (step, value) in values.enumerated() {
            let finding = progress.take(value, step: step, by: rule)
            if finding.isBest { best.append(step) }
            if finding.continuation != .goOn { return (best, step) }
        }
        return (best, nil)
    }

    @Test func theBestIsTheHighestAfterTraining() {
        // The untrained policy's 0.9 is no candidate, equal values are not better, NaN never is.
        let found = Self.walk([0.9, 0.2, 0.5, 0.5, .nan, 0.6], Self.rule())
        #expect(found.best == [1, 2, 5])
        #expect(found.stop == nil)
    }

    @Test func lessCanBeBetter() {
        let rule = Self.rule {
            $0.greaterIsBetter = false
            $0.earlyStoppingTarget = 10
        }
        let found = Self.walk([50, 40, 45, 10], rule)
        #expect(found.best == [1, 3])
        #expect(found.stop == 3)
    }

    @Test func aPlateauEndsTheRun() {
        let rule = Self.rule {
            $0.earlyStoppingPatience = 2
            $0.earlyStoppingThreshold = 0.1
        }
        // 0.55 and 0.6 are no more than 0.1 above 0.5.
        #expect(Self.walk([0, 0.5, 0.55, 0.6, 0.9], rule).stop == 3)
        #expect(Self.walk([0, 0.5, 0.55, 0.7, 0.75, 0.75], rule).stop == 5)
    }

    @Test func reachingTheTargetEndsTheRun() {
        let rule = Self.rule { $0.earlyStoppingTarget = 1 }
        #expect(Self.walk([1, 0.5, 0.99, 1, 1], rule).stop == 3)
    }

    @Test func theStateSurvivesACheckpoint() throws {
        let rule = Self.rule { $0.earlyStoppingPatience = 3 }
        var progress = HeldOutProgress()
        for (step, value) in [0.1, 1.0 / 3, 0.2, 0.2].enumerated() {
            _ = progress.take(value, step: step, by: rule)
        }
        let read = HeldOutProgress(try JSONValue(parsing: progress.json.text()))
        #expect(read == progress)
        #expect(read.best == HeldOutProgress.Best(step: 1, value: 1.0 / 3))
    }
}
