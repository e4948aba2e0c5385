import Foundation
import HoneCore
import HoneRewards
import OrderedCollections
import TestSupport
import Testing

/// The functions in Swift against those of AgileRL's tutorial, on completions made by
/// `Tools/fixtures/rewards.py`.
@Suite struct AgileRLAgreementTests {
    static func rows() throws -> [JSONValue] {
        try Fixtures.data("rewards/countdown.jsonl").split(separator: UInt8(ascii: "\n"))
            .map { try JSONValue(parsing: Array($0)) }
    }

    @Test func formatRewardAgreesOnEveryCase() async throws {
        let rows = try Self.rows()
        #expect(rows.count == 4000)
        var options = FormatReward.Options()
        options.prefix = "<think>"
        let values = await FormatReward(name: "format", options).values(
            rows.map { $0["completion"]?.stringValue ?? "" })
        let differing = zip(rows, values).filter { $0["format"]?.doubleValue != $1 }
        #expect(differing.isEmpty, "\(differing.prefix(3))")
    }

    @Test func equationRewardAgreesWhereTheEquationKeepsToTheGame() async throws {
        var options = CountdownEquation.Options()
        options.prefix = "<think>"
        let reward = CountdownEquation(name: "equation", options)
        var reliedOnPython: [String: Int] = [:]
        for row in try Self.rows() {
            let ours = await reward.values(
                [row["completion"]?.stringValue ?? ""], columns: row.objectValue ?? [:])[0]
            let theirs = row["equation"]?.doubleValue
            if ours == theirs { continue }
            // We refuse what AgileRL's eval lets pass, never the other way round.
            let uses = row["uses"]?.arrayValue ?? []
            #expect(ours == 0 && theirs == 1 && !uses.isEmpty, "\(row.text())")
            for use in uses.compactMap(\.stringValue) { reliedOnPython[use, default: 0] += 1 }
        }
        // That the differing kinds occur shows that the cases reach the edge.
        #expect(reliedOnPython.keys.sorted() == ["floor", "power"], "\(reliedOnPython)")
    }
}
