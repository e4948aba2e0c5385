import Foundation
public import HoneModels
import Torch

/// What a model thinks of given completions, by the forward pass of training.
public struct TokenScorer {
    /// Tokens that are to be scored, and those before them.
    public struct Item: Sendable, Hashable {
        public var prompt: [Int32]
        public var completion: [Int32]

        public init(prompt: [Int32], completion: [Int32]) {
            self.prompt = prompt
            self.completion = completion
        }
    }

    public let model: DecoderModel
    /// Divides the logits. Above 0.
    public var temperature: Double
    /// Most places of one forward call; an item longer than that has a call of its own.
    public var tokenBudget: Int

    public init(model: DecoderModel, temperature: Double = 1, tokenBudget: Int = 2048) {
        self.model = model
        self.temperature = temperature
        self.tokenBudget = tokenBudget
    }

    /// Why `item` cannot be scored; nil where it can.
    public func refusal(of item: Item) -> TokenScorerError? {
        guard !item.prompt.isEmpty else { return .emptyPrompt }
        let count = item.prompt.count + item.completion.count
        guard count <= model.config.maximumLength else {
            return .tooLong(tokens: count, maximumLength: model.config.maximumLength)
        }
        let size = model.config.vocabularySize
        for token in item.prompt + item.completion where token < 0 || Int(token) >= size {
            return .unknownToken(token: token, vocabularySize: size)
        }
        return nil
    }

    /// For each item, the log-probability in nats of each completion token after all before it.
    ///
    /// Where rotary angles depend on length, each item is scored with those of its own length.
    /// - Throws: ``TokenScorerError`` for an item with a ``refusal(of:)``.
    public func score(_ items: [Item]) throws -> [[Float]] {
        for item in items {
            if let refusal = refusal(of: item) { throw refusal }
        }
        return try withoutGradients {
            let before = model.rotaryLength
            defer { model.rotaryLength = before }
            return try batches(items).flatMap { range in
                model.rotaryLength = rotaryLength(of: items[range.lowerBound])
                return try score(together: items[range])
            }
        }
    }

    private func rotaryLength(of item: Item) -> Int {
        model.config.rotaryLength(for: item.prompt.count + item.completion.count)
    }

    /// Runs of items with the same rotary angles whose longest, times their number, stays within the
    /// budget: that is what attention pads them to.
    private func batches(_ items: [Item]) -> [Range<Int>] {
        var result: [Range<Int>] = []
        var start = 0
        var longest = 0
        for (index, item) in items.enumerated() {
            let length = item.prompt.count + item.completion.count
            if index > start,
                max(longest, length) * (index - start + 1) > tokenBudget
                    || rotaryLength(of: item) != rotaryLength(of: items[start])
            {
                result.append(start..<index)
                start = index
                longest = 0
            }
            longest = max(longest, length)
        }
        if start < items.count { result.append(start..<items.count) }
        return result
    }

    private func score(together items: ArraySlice<Item>) throws -> [[Float]] {
        var tokens: [Int] = []
        var lengths: [Int] = []
        var rows: [Int] = []
        var targets: [Int] = []
        for item in items where !item.completion.isEmpty {
            // The last token predicts nothing that is asked for.
            let sequence = item.prompt + item.completion.dropLast()
            let first = tokens.count + item.prompt.count - 1
            rows += first..<first + item.completion.count
            targets += item.completion.lazy.map(Int.init)
            tokens += sequence.lazy.map(Int.init)
            lengths.append(sequence.count)
        }
        guard !rows.isEmpty else { return items.map { _ in [] } }
        let context = try PackedAttention(
            layout: PackedLayout(sequences: lengths), device: model.device)
        let hidden = try model.hiddenStates(
            tokens: Tensor(tokens, device: model.device), context: context, rows: rows)
        let scored = try model.logProbabilities(
            hidden, targets: Tensor(targets, device: model.device), temperature: temperature
        ).logProbabilities.floats()
        var next = 0
        return items.map { item in
            defer { next += item.completion.count }
            return Array(scored[next..<next + item.completion.count])
        }
    }
}

/// A completion that a model cannot score.
public enum TokenScorerError: Error, Sendable, Hashable, CustomStringConvertible {
    case emptyPrompt
    case tooLong(tokens: Int, maximumLength: Int)
    case unknownToken(token: Int32, vocabularySize: Int)

    public var description: String {
        switch self {
        case .emptyPrompt:
            "the prompt has no tokens, so nothing predicts the first token of the completion"
        case .tooLong(let tokens, let maximum):
            "prompt and completion have \(tokens) tokens, but the model reads at most \(maximum)"
        case .unknownToken(let token, let size):
            "token \(token) is outside the model's vocabulary of \(size)"
        }
    }
}
