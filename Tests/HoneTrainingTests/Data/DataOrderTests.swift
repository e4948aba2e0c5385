import HoneTraining
import Testing

@Suite struct DataOrderTests {
    @Test func everyEpochVisitsEveryRowOnce() {
        let order = DataOrder(size: 23, seed: 5, shuffles: true, batch: 4)
        for epoch in 0..<20 {
            #expect(order.rows(ofEpoch: epoch).sorted() == Array(0..<23))
        }
        #expect(order.rows(ofEpoch: 0) != order.rows(ofEpoch: 1))
    }

    @Test(arguments: [(7, 4), (5, 5), (6, 5), (23, 8), (9, 2), (1, 1)])
    func noBatchHoldsARowTwice(size: Int, batch: Int) {
        let order = DataOrder(size: size, seed: 1, shuffles: true, batch: batch)
        for number in 0..<200 {
            #expect(Set(order.rows(ofBatch: number)).count == batch)
        }
    }

    @Test func doesNotDependOnWhereReadingBegins() {
        let walked = DataOrder(size: 13, seed: 9, shuffles: true, batch: 5)
        let all = (0..<40).map(walked.rows(ofBatch:))
        let resumed = DataOrder(size: 13, seed: 9, shuffles: true, batch: 5)
        #expect((20..<40).map(resumed.rows(ofBatch:)) == Array(all[20...]))
        // Backwards too.
        #expect(walked.rows(ofBatch: 3) == all[3])
    }

    @Test func excludedRowsNeverCome() {
        let order = DataOrder(size: 10, excluded: [2, 5], seed: 0, shuffles: true, batch: 3)
        let seen = (0..<32).flatMap(order.rows(ofBatch:))
        #expect(Set(seen) == Set(0..<10).subtracting([2, 5]))
        #expect(Array(seen[..<8]).sorted() == [0, 1, 3, 4, 6, 7, 8, 9])
    }

    @Test func withoutShufflingTheOrderIsTheFiles() {
        let order = DataOrder(size: 4, seed: 0, shuffles: false, batch: 3)
        #expect((0..<3).flatMap(order.rows(ofBatch:)) == [0, 1, 2, 3, 0, 1, 2, 3, 0])
    }

    /// Written down so that a change of the algorithm, which would break the resuming of existing
    /// runs, does not pass unseen. The numbers come from a second implementation in Python.
    @Test func theOrderOfASeedIsSettled() {
        let order = DataOrder(size: 10, seed: 42, shuffles: true)
        #expect(order.rows(ofEpoch: 0) == [5, 9, 2, 8, 4, 6, 1, 0, 3, 7])
    }

    /// Each of the 24 orders of four rows should come about as often: 24,000 draws, 1,000 each, so a
    /// standard deviation of 31; five of them are 155.
    @Test func everyOrderIsEquallyLikely() {
        var counts: [[Int]: Int] = [:]
        for seed in 0..<24_000 {
            let order = DataOrder(size: 4, seed: UInt64(seed), shuffles: true)
            counts[order.rows(ofEpoch: 0), default: 0] += 1
        }
        #expect(counts.count == 24)
        for count in counts.values { #expect(abs(count - 1000) < 155) }
    }
}
