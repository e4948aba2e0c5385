import HoneCore
import HoneModels
import Testing

@testable import HoneTraining

@Suite struct BatchPackerTests {
    private func sample(group: Int, prompt: [Int32], tokens: [Int32]) -> TrainingSample {
        TrainingSample(
            promptTokens: prompt, tokens: tokens,
            isTrained: Array(repeating: true, count: tokens.count),
            behaviourLogProbabilities: Array(repeating: 0, count: tokens.count), advantage: 1,
            group: group)
    }

    @Test func aGroupSharesItsPromptAndEveryTokenIsPredictedOnce() {
        let batches = BatchPacker(tokenBudget: 100).pack([
            sample(group: 0, prompt: [1, 2, 3], tokens: [10, 11, 12]),
            sample(group: 0, prompt: [1, 2, 3], tokens: [20]),
            sample(group: 1, prompt: [4], tokens: [30, 31]),
        ])
        #expect(batches.count == 1)
        let batch = batches[0]
        // Prompt, 10 11 (12 predicts nothing), nothing for the single-token completion, prompt 4, 30.
        #expect(batch.tokens == [1, 2, 3, 10, 11, 4, 30])
        #expect(batch.predictingRows == [2, 3, 4, 2, 5, 6])
        #expect(batch.targets == [10, 11, 12, 20, 30, 31])
        #expect(batch.members.map(\.range) == [0..<3, 3..<4, 4..<6])
        #expect(batch.layout.groups.map(\.prompt) == [0..<3, 5..<6])
        #expect(batch.layout.groups.map(\.branches) == [[3..<5], [6..<7]])
    }

    @Test(arguments: [1, 4, 7, 9, 16, 1000])
    func everySampleIsPackedOnceAndBudgetsHold(budget: Int) {
        let samples = (0..<12).map { index in
            sample(
                group: index / 4, prompt: [7, 8, Int32(index / 4)],
                tokens: Array(repeating: Int32(index), count: 1 + index % 5))
        }
        let batches = BatchPacker(tokenBudget: budget).pack(samples)
        #expect(batches.flatMap(\.members).map(\.sample) == Array(0..<12))
        for batch in batches {
            #expect(batch.tokens.count <= budget || batch.members.count == 1)
            for member in batch.members {
                #expect(Array(batch.targets[member.range]) == samples[member.sample].tokens)
                let first = batch.predictingRows[member.range.lowerBound]
                #expect(batch.tokens[first] == samples[member.sample].promptTokens.last)
            }
        }
    }

    @Test func emptyCompletionsAreLeftOut() {
        let batches = BatchPacker(tokenBudget: 10).pack([
            sample(group: 0, prompt: [1], tokens: []), sample(group: 0, prompt: [1], tokens: [2]),
        ])
        #expect(batches.flatMap(\.members).map(\.sample) == [1])
    }
}
