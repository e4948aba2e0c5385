import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

@testable import HoneRewards

/// ``MathEquality`` against Math-Verify on the cases of its own tests, made by
/// `Tools/fixtures/mathematics.py`.
@Suite struct MathVerifyAgreementTests {
    static func cases() throws -> [JSONValue] {
        try Fixtures.data("rewards/mathematics.jsonl").split(separator: UInt8(ascii: "\n"))
            .map { try JSONValue(parsing: Array($0)) }
    }

    static func verdict(of row: JSONValue) throws -> Bool {
        var rules = MathComparison.Rules()
        rules.decimalPlaces = try #require(row["places"]?.intValue)
        rules.acceptsRelationForSet = row["relations"]?.boolValue == true
        rules.variables = row["strict"]?.boolValue == false ? .byPlace : .byName
        let names = row["targets"]?.arrayValue?.compactMap(\.stringValue) ?? []
        var targets: MathExtraction.Targets = []
        if names.contains("latex") { targets.insert(.latex) }
        if names.contains("expr") { targets.insert(.plain) }
        let equality = MathEquality(
            reference: try #require(row["gold"]?.stringValue), targets: targets, rules)
        return equality.holds(for: try #require(row["answer"]?.stringValue))
    }

    @Test func agreesOnAtLeast99Percent() throws {
        let cases = try Self.cases()
        #expect(cases.count >= 260)
        var differences: [String] = []
        for row in cases where try Self.verdict(of: row) != row["verdict"]?.boolValue {
            let gold = row["gold"]?.stringValue?.suffix(90) ?? ""
            let answer = row["answer"]?.stringValue?.suffix(90) ?? ""
            differences.append(
                "\(row["source"]?.stringValue ?? "") verdict \(row["verdict"]?.text() ?? ""): "
                    + "\(gold) | \(answer)")
        }
        #expect(
            Double(differences.count) <= 0.01 * Double(cases.count),
            "\(differences.joined(separator: "\n"))")
    }
}
