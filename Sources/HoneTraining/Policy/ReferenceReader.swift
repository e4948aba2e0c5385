import HoneCore
import HoneModels
import HoneText
import Torch

/// Asks a model about texts, as reward functions do: without its adapter.
///
/// Not Sendable, like the model; ``PolicyHost`` and ``ModelHost`` keep it on their thread.
struct ReferenceReader {
    let model: DecoderModel
    let text: ModelText

    /// Most places of one forward call that pools hidden states; a text longer than that has its own.
    private static let tokenBudget = 2048

    /// See `ReferenceModel`.
    func logProbabilities(of questions: [ReferenceQuestion]) throws -> [[Float]] {
        let items = try questions.map { question in
            let context = try tokens(of: question.context)
            let text = try tokens(of: question.text)
            guard context.isEmpty else {
                return TokenScorer.Item(prompt: context, completion: text)
            }
            // Nothing predicts the first token.
            return TokenScorer.Item(
                prompt: Array(text.prefix(1)), completion: Array(text.dropFirst()))
        }
        return try withoutAdapter {
            let scored = try TokenScorer(model: model)
                .score(items.filter { !$0.completion.isEmpty })
            var next = 0
            return items.map { item in
                guard !item.completion.isEmpty else { return [] }
                defer { next += 1 }
                return scored[next]
            }
        }
    }

    /// Mean over the tokens of the last hidden states, f32: for each text [C]. Zeros for a text without
    /// tokens.
    func embeddings(of texts: [String]) throws -> [[Float]] {
        let encoded = try texts.map(tokens)
        for tokens in encoded where tokens.count > model.config.maximumLength {
            throw TokenScorerError.tooLong(
                tokens: tokens.count, maximumLength: model.config.maximumLength)
        }
        return try withoutAdapter {
            var vectors: [[Float]] = []
            var start = 0
            while start < encoded.count {
                var end = start + 1
                var count = encoded[start].count
                while end < encoded.count, count + encoded[end].count <= Self.tokenBudget {
                    count += encoded[end].count
                    end += 1
                }
                vectors += try pooled(Array(encoded[start..<end]))
                start = end
            }
            return vectors
        }
    }

    private func pooled(_ texts: [[Int32]]) throws -> [[Float]] {
        let present = texts.filter { !$0.isEmpty }
        let width = model.config.modelWidth
        guard !present.isEmpty else { return texts.map { _ in Array(repeating: 0, count: width) } }
        let context = try PackedAttention(
            layout: PackedLayout(sequences: present.map(\.count)), device: model.device)
        let hidden = try model.hiddenStates(
            tokens: Tensor(present.joined().map(Int.init), device: model.device), context: context)
        var start = 0
        var means = try present.map { tokens in
            defer { start += tokens.count }
            let rows = try Tensor(Array(start..<start + tokens.count), device: model.device)
            return try hidden.indexSelect(0, rows).to(.float32).mean(0).floats()
        }[...]
        return texts.map { $0.isEmpty ? Array(repeating: 0, count: width) : means.removeFirst() }
    }

    private func tokens(of text: String) throws -> [Int32] {
        try self.text.tokenizer.encode(text, addSpecialTokens: false)
    }

    private func withoutAdapter<Result>(_ body: () throws -> Result) throws -> Result {
        let (enabled, length) = (model.adapterEnabled, model.rotaryLength)
        model.adapterEnabled = false
        defer { (model.adapterEnabled, model.rotaryLength) = (enabled, length) }
        return try withoutGradients(body)
    }
}

extension PolicyHost: ReferenceModel {
    /// Keeps the weights as they are now for reward functions that ask, unless an adapter that can be
    /// switched off already keeps them.
    func keepReference(_ config: TrainingConfig, _ origin: Policy.Origin) throws {
        try perform { try $0.keepReference(config, origin) }
    }

    public func logProbabilities(of questions: [ReferenceQuestion]) throws -> [[Float]] {
        try perform { try $0.reference.logProbabilities(of: questions) }
    }

    public func embeddings(of texts: [String]) throws -> [[Float]] {
        try perform { try $0.reference.embeddings(of: texts) }
    }
}

extension ModelHost: ReferenceModel {
    public func logProbabilities(of questions: [ReferenceQuestion]) throws -> [[Float]] {
        try reference.logProbabilities(of: questions)
    }

    public func embeddings(of texts: [String]) throws -> [[Float]] {
        try reference.embeddings(of: texts)
    }
}
