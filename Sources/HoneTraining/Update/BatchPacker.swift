import HoneCore
import HoneModels

/// Completions laid out for one forward and backward pass, without padding.
public struct PackedBatch: Sendable {
    /// [N] prompts once per group, then their completions without each one's last token, which
    /// predicts nothing.
    public var tokens: [Int32]
    public var layout: PackedLayout
    /// [M] rows of the packed tokens whose hidden state predicts a completion token.
    public var predictingRows: [Int]
    /// [M] the token each of those rows predicts.
    public var targets: [Int32]
    /// Which samples are here, in order, and where their predictions stand in `targets`.
    public var members: [Member]

    public struct Member: Sendable, Hashable {
        /// Position in the samples handed to the packer.
        public var sample: Int
        public var range: Range<Int>
    }
}

/// Cuts samples into packed batches of bounded size.
///
/// The prompt of a group is laid down once and shared by the completions of the group that follow it.
/// The first token of every completion is predicted by the prompt's last row. Groups are kept whole
/// where they fit; a larger one is cut between completions and its prompt repeated.
public struct BatchPacker: Sendable {
    /// Rows of one batch at most, unless a single completion with its prompt is longer.
    public var tokenBudget: Int

    public init(tokenBudget: Int) {
        precondition(tokenBudget > 0)
        self.tokenBudget = tokenBudget
    }

    /// The batches of `samples`, whose groups stand together. Empty completions are left out.
    public func pack(_ samples: [TrainingSample]) -> [PackedBatch] {
        var batches: [PackedBatch] = []
        var current = PackedBatchBuilder()
        var openGroup: Int?
        for (index, sample) in samples.enumerated() where !sample.tokens.isEmpty {
            let rows = sample.tokens.count - 1
            let newGroup = openGroup != sample.group
            // A group that would only just begin in a nearly full batch starts the next one instead.
            let groupRows =
                newGroup ? Self.rows(ofGroupAt: index, in: samples) : rows
            let needed = newGroup ? min(groupRows, tokenBudget) : rows
            if !current.isEmpty, current.count + needed > tokenBudget {
                batches.append(current.batch)
                current = PackedBatchBuilder()
                current.begin(prompt: sample.promptTokens)
            } else if newGroup {
                current.begin(prompt: sample.promptTokens)
            }
            openGroup = sample.group
            current.append(sample, at: index)
        }
        if !current.isEmpty { batches.append(current.batch) }
        return batches
    }

    private static func rows(ofGroupAt start: Int, in samples: [TrainingSample]) -> Int {
        let group = samples[start].group
        var rows = samples[start].promptTokens.count
        for sample in samples[start...] {
            guard sample.group == group else { break }
            rows += max(sample.tokens.count - 1, 0)
        }
        return rows
    }
}

/// A batch being laid down.
private struct PackedBatchBuilder {
    private var tokens: [Int32] = []
    private var lengths: [(prompt: Int, branches: [Int])] = []
    private var predictingRows: [Int] = []
    private var targets: [Int32] = []
    private var members: [PackedBatch.Member] = []
    private var promptEnd = 0

    var isEmpty: Bool { members.isEmpty }
    var count: Int { tokens.count }

    var batch: PackedBatch {
        PackedBatch(
            tokens: tokens, layout: PackedLayout(lengths: lengths),
            predictingRows: predictingRows, targets: targets, members: members)
    }

    mutating func begin(prompt: [Int32]) {
        precondition(!prompt.isEmpty, "a prompt has at least one token to predict from")
        tokens += prompt
        promptEnd = tokens.count
        lengths.append((prompt.count, []))
    }

    mutating func append(_ sample: TrainingSample, at index: Int) {
        let rows = tokens.count..<tokens.count + sample.tokens.count - 1
        tokens += sample.tokens.dropLast()
        if !rows.isEmpty { lengths[lengths.count - 1].branches.append(rows.count) }
        let firstTarget = targets.count
        predictingRows.append(promptEnd - 1)
        predictingRows += rows
        targets += sample.tokens
        members.append(.init(sample: index, range: firstTarget..<targets.count))
    }
}
