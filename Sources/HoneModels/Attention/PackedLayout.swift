/// Where the sequences of a packed batch lie among its N rows.
///
/// A group is a prompt and the branches that continue it; the prompt's rows stand once, however many
/// branches share them. A group without branches is a plain sequence. Any of the ranges may be
/// empty. The ranges tile 0..<N, in any order.
public struct PackedLayout: Sendable, Hashable {
    public struct Group: Sendable, Hashable {
        public var prompt: Range<Int>
        public var branches: [Range<Int>]

        public init(prompt: Range<Int>, branches: [Range<Int>] = []) {
            self.prompt = prompt
            self.branches = branches
        }
    }

    public let groups: [Group]
    /// N.
    public let rowCount: Int

    /// - Throws: ``ModelError/invalidInput(reason:)`` unless the ranges tile 0..<N.
    public init(groups: [Group]) throws(ModelError) {
        let ranges = groups.flatMap { [$0.prompt] + $0.branches }.filter { !$0.isEmpty }
            .sorted { $0.lowerBound < $1.lowerBound }
        var end = 0
        for range in ranges {
            guard range.lowerBound == end else {
                throw .invalidInput(
                    reason: "packed rows \(min(end, range.lowerBound))..<"
                        + "\(max(end, range.lowerBound)) belong to no sequence or to two")
            }
            end = range.upperBound
        }
        self.groups = groups
        rowCount = end
    }

    /// Groups laid one after another, each prompt followed by its branches, from lengths in tokens.
    public init(lengths: [(prompt: Int, branches: [Int])]) {
        var next = 0
        func take(_ count: Int) -> Range<Int> {
            precondition(count >= 0, "a sequence cannot have a negative length")
            defer { next += count }
            return next..<next + count
        }
        groups = lengths.map { group in
            let prompt = take(group.prompt)
            return Group(prompt: prompt, branches: group.branches.map(take))
        }
        rowCount = next
    }

    /// Plain sequences laid one after another.
    public init(sequences lengths: [Int]) {
        self.init(lengths: lengths.map { (prompt: $0, branches: []) })
    }

    /// Place of each row in its own sequence: prompts count from 0, branches on from their prompt.
    public var positions: [Int] {
        var result = [Int](repeating: 0, count: rowCount)
        for group in groups {
            for (place, row) in group.prompt.enumerated() { result[row] = place }
            for branch in group.branches {
                for (place, row) in branch.enumerated() { result[row] = group.prompt.count + place }
            }
        }
        return result
    }

    /// Tokens of the longest sequence: a prompt with its longest branch.
    public var longestSequence: Int {
        groups.map { $0.prompt.count + ($0.branches.map(\.count).max() ?? 0) }.max() ?? 0
    }
}
