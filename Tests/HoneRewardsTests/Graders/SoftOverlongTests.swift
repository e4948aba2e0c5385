import HoneCore
import OrderedCollections
import Testing

@testable import HoneRewards

@Suite struct SoftOverlongTests {
    private func scores(_ lengths: [Int]?) async -> [Score] {
        var options = SoftOverlong.Options()
        options.maxCompletionLength = 100
        options.softPunishCache = 20
        let request = GradingRequest(
            row: DatasetRow(index: 0, prompt: .text("p"), columns: [:]), prompt: "p",
            completions: Array(repeating: "x", count: lengths?.count ?? 2), tokenCounts: lengths)
        return await SoftOverlong(options).score(request)
    }

    /// TRL's docstring has 90 tokens of 100 with a cache of 20: −0.5.
    @Test func thePenaltyGrowsOverTheLastTokens() async {
        let found = await scores([1, 80, 81, 90, 100, 130])
        #expect(found == [0, 0, -0.05, -0.5, -1, -1].map { .value($0) })
    }

    @Test func itAbstainsWithoutTokenCounts() async {
        #expect(await scores(nil) == [.abstained, .abstained])
    }
}
