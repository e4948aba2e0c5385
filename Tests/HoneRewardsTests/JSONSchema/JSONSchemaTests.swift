import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

@testable import HoneRewards

@Suite struct JSONSchemaTests {
    /// The published suite of draft 2020-12: every schema is either refused, which only some of the groups
    /// about identifiers may be, or decides as the suite does.
    @Test func decidesAsThePublishedSuite() throws {
        let rows = try Fixtures.data("rewards/json_schema.jsonl").split(
            separator: UInt8(ascii: "\n")
        )
        .map { try JSONValue(parsing: Array($0)) }
        var decided = 0
        var refused: [String: Int] = [:]
        for row in rows {
            let file = row["file"]?.stringValue ?? ""
            let schema: JSONSchema
            do {
                schema = try JSONSchema(try #require(row["schema"]))
            } catch {
                refused[file, default: 0] += 1
                continue
            }
            for test in row["tests"]?.arrayValue ?? [] {
                let data = try #require(test["data"])
                #expect(
                    schema.accepts(data) == test["valid"]?.boolValue,
                    "\(file), \(row["description"]?.text() ?? ""): \(data.text())")
                decided += 1
            }
        }
        #expect(decided >= 950)
        #expect(
            Set(refused.keys).isSubset(of: [
                "ref", "anchor", "defs", "not", "if-then-else",
                // \\p{Letter} is ECMAScript's way to write \\p{L}.
                "pattern", "patternProperties",
            ]))
        #expect(refused.values.reduce(0, +) <= 30, "\(refused)")
    }

    static let unsupported: [(JSONValue, String)] = [
        (["unevaluatedProperties": false], "unevaluatedProperties is not supported"),
        (["properties": ["a": ["type": "strin"]]], "at /properties/a: there is no type \"strin\""),
        (["pattern": "("], "is no regular expression"),
        (["$ref": "#/$defs/x"], "leads to nothing"),
        (["$ref": "https://example.com/x"], "leads to nothing"),
        (["items": [["type": "string"]]], "at /items: a schema is an object"),
        (7, "a schema is an object"),
    ]

    @Test(arguments: unsupported)
    func whatIsNotSupportedIsRefused(_ schema: JSONValue, _ words: String) {
        let error = #expect(throws: JSONSchema.Problem.self) { try JSONSchema(schema) }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }

    @Test func aReferenceToItselfEnds() throws {
        #expect(try !JSONSchema(["$ref": "#"]).accepts(1))
    }

    @Test func theGraderReadsFencedAnswers() async throws {
        var options = JSONSchemaReward.Options()
        options.schema = DeclaredSchema(
            schema: try JSONSchema([
                "type": "object", "required": ["name"], "properties": ["age": ["type": "integer"]],
            ]))
        let reward = JSONSchemaReward(name: "schema", options)
        #expect(
            await reward.values([
                "{\"name\": \"Ann\", \"age\": 7}",
                "Here:\n```json\n{\"name\": \"Ann\"}\n```\nDone.",
                "{\"age\": 7}", "{\"name\": \"Ann\", \"age\": 7.5}", "{\"name\": \"Ann\"", "",
                "Ann",
            ]) == [1, 1, 0, 0, 0, 0, 0])
    }

    @Test func eachRowMayHaveItsSchema() async {
        var options = JSONSchemaReward.Options()
        options.column = "schema"
        let reward = JSONSchemaReward(name: "schema", options)
        #expect(await reward.values(["7"], columns: ["schema": "{\"type\": \"integer\"}"]) == [1])
        #expect(await reward.values(["7"], columns: ["schema": ["type": "string"]]) == [0])
        #expect(await reward.values(["7"], columns: ["schema": "not a schema"]) == [nil])
        #expect(await reward.values(["7"]) == [nil])
    }
}
