import Foundation
import Testing

@testable import HoneRewards

@Suite struct ProcessCensusTests {
    @Test func descendantsAndTheGroupCountOnce() {
        // 10 leads group 10; 11 and 12 descend from it, 12 in a group of its own; 13 lost its parent
        // and stayed in the group; 20 has nothing to do with it.
        let census = ProcessCensus([
            .init(identifier: 10, parent: 1, group: 10),
            .init(identifier: 11, parent: 10, group: 10),
            .init(identifier: 12, parent: 11, group: 12),
            .init(identifier: 13, parent: 1, group: 10),
            .init(identifier: 20, parent: 1, group: 20),
        ])
        #expect(census.count(from: 10) == 4)
        #expect(census.count(from: 12) == 1)
    }

    #if os(Linux)
        @Test func theTableHoldsThisProcess() {
            let own = ProcessInfo.processInfo.processIdentifier
            #expect(ProcessCensus().entries.contains { $0.identifier == own })
        }
    #endif
}
