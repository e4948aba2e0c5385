import HoneCore
import Testing

@Suite struct FailureShareTests {
    @Test func nothingIsSaidBeforeSixtyFourCompletions() {
        var share = FailureShare(limit: 0.5)
        share.note(failed: Array(repeating: true, count: 63))
        #expect(!share.isReached)
        share.note(failed: [true])
        #expect(share.isReached)
        #expect((share.failures, share.scored) == (64, 64))
    }

    /// 256 sound ones, then 127 that fail: 127 of the latest 256, and one more is half.
    @Test func onlyTheLatestCount() {
        var share = FailureShare(limit: 0.5)
        share.note(failed: Array(repeating: false, count: 256))
        share.note(failed: Array(repeating: true, count: 127))
        #expect((share.failures, share.scored) == (127, 256))
        #expect(!share.isReached)
        share.note(failed: [true])
        #expect(share.isReached)
    }

    @Test func withoutFailuresNoLimitIsReached() {
        var share = FailureShare(limit: 1e-9)
        share.note(failed: Array(repeating: false, count: 100))
        #expect(!share.isReached)
    }
}
