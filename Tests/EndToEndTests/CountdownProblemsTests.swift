import Foundation
import HoneCore
import OrderedCollections
import Testing

/// The committed problems of the Countdown recipe.
@Suite struct CountdownProblemsTests {
    /// A problem without the order in which its numbers are written.
    struct Problem: Hashable {
        var numbers: [Int]
        var target: Int
    }

    @Test func noHeldOutProblemOccursInTraining() throws {
        let train = try problems("train.jsonl")
        let heldOut = try problems("heldout.jsonl")
        #expect(Set(train).count == train.count)
        #expect(Set(heldOut).count == heldOut.count)
        #expect(Set(train).isDisjoint(with: heldOut))
    }

    @Test func heldOutProblemsHaveThreeOrFourNumbers() throws {
        let heldOut = try problems("heldout.jsonl")
        #expect(heldOut.count == 320)
        #expect(heldOut.count { $0.numbers.count == 3 } == 240)
        #expect(heldOut.count { $0.numbers.count == 4 } == 80)
    }

    @Test func everyHeldOutProblemHasASolution() throws {
        for problem in try problems("heldout.jsonl") {
            #expect(reachable(problem.numbers).contains(problem.target), "\(problem)")
        }
    }

    /// Every positive whole number that uses each of `numbers` once, by trying all pairs.
    private func reachable(_ numbers: [Int]) -> Set<Int> {
        guard numbers.count > 1 else { return Set(numbers) }
        var found: Set<Int> = []
        for i in numbers.indices {
            for j in numbers.indices where j != i {
                let (a, b) = (numbers[i], numbers[j])
                let rest = numbers.indices.filter { $0 != i && $0 != j }.map { numbers[$0] }
                var results = [a + b, a * b]
                if a > b { results.append(a - b) }
                if a % b == 0 { results.append(a / b) }
                for result in results { found.formUnion(reachable(rest + [result])) }
            }
        }
        return found
    }

    private func problems(_ file: String) throws -> [Problem] {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let url = root.appending(path: "Recipes/countdown/\(file)")
        let text = try String(contentsOf: url, encoding: .utf8)
        return try text.split(separator: "\n").map { line in
            let row = try JSONValue(parsing: String(line))
            let numbers = try #require(row["nums"]?.arrayValue).compactMap(\.intValue)
            return Problem(numbers: numbers.sorted(), target: try #require(row["target"]?.intValue))
        }
    }
}
