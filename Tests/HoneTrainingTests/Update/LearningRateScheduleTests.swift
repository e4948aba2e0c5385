import HoneCore
import Testing

@testable import HoneTraining

@Suite struct LearningRateScheduleTests {
    @Test func warmupRisesInEqualPartsToThePeak() {
        let schedule = LearningRateSchedule(
            shape: .constant, peak: 1, warmupSteps: 4, totalSteps: 10)
        #expect((1...6).map(schedule.rate) == [0.25, 0.5, 0.75, 1, 1, 1])
    }

    @Test func linearFallsInEqualPartsAndNoStepIsWasted() {
        let schedule = LearningRateSchedule(shape: .linear, peak: 1, warmupSteps: 0, totalSteps: 4)
        #expect((1...4).map(schedule.rate) == [1, 0.75, 0.5, 0.25])
    }

    @Test func cosineIsHalfwayInTheMiddleAndKeepsItsMinimum() {
        let schedule = LearningRateSchedule(
            shape: .cosine, peak: 1, minimum: 0.2, warmupSteps: 2, totalSteps: 12)
        // Step 8 is half of the ten falling steps: 0.2 + 0.8 / 2.
        #expect(abs(schedule.rate(at: 8) - 0.6) < 1e-12)
        #expect(schedule.rate(at: 50) == 0.2)
    }

    @Test func inverseRootGoesOnFromTheEndOfTheWarmup() {
        let schedule = LearningRateSchedule(
            shape: .inverseSqrt, peak: 1, minimum: 0.3, warmupSteps: 4, totalSteps: 100)
        #expect(schedule.rate(at: 2) == 0.5)
        #expect(schedule.rate(at: 4) == 1)
        #expect(schedule.rate(at: 16) == 0.5)  // √(4 / 16)
        #expect(schedule.rate(at: 100) == 0.3)  // √(4 / 100) = 0.2 is below the minimum
    }

    @Test func stableScheduleFallsOnlyAtTheEnd() {
        let schedule = LearningRateSchedule(
            shape: .warmupStableDecay, peak: 1, warmupSteps: 2, totalSteps: 20, decayRatio: 0.2)
        // The last four steps: 1, 3/4, 1/2, 1/4.
        #expect(
            [1, 2, 3, 16, 17, 18, 19, 20].map(schedule.rate) == [
                0.5, 1, 1, 1, 1, 0.75, 0.5, 0.25,
            ])
    }
}
