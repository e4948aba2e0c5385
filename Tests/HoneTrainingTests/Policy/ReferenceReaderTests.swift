import Foundation
import HoneCore
import HoneModels
import HoneText
import TestSupport
import Testing
import Torch

@testable import HoneTraining

@Suite struct ReferenceReaderTests {
    /// The included model under an adapter that changes what it says.
    private func language() throws -> LanguageModel {
        let folder = Fixtures.folder.appending(path: "../../Pretrained/countdown-tiny")
            .standardizedFileURL
        let language = try LanguageModel(folder: folder, dtype: .float32, device: .cpu)
        try language.model.addAdapter(LoRAConfig(rank: 2, alpha: 4), seed: 1)
        try withoutGradients {
            for parameter in language.model.trainableParameters {
                try parameter.tensor.add_(0.05)
            }
        }
        return language
    }

    private static let texts = ["2 + 3 = 5", "<answer>7 * 8</answer>", "x"]

    @Test func theAdapterTakesNoPart() throws {
        let language = try language()
        let reader = ReferenceReader(model: language.model, text: language.text)
        let tokens = try Self.texts.map {
            try language.text.tokenizer.encode($0, addSpecialTokens: false)
        }
        let items = tokens.map { TokenScorer.Item(prompt: [1, 2, 3], completion: $0) }
        let context = language.text.tokenizer.decode([1, 2, 3], skipSpecialTokens: false)
        let questions = Self.texts.map { ReferenceQuestion(context: context, text: $0) }
        let adapted = try TokenScorer(model: language.model).score(items)
        language.model.adapterEnabled = false
        let base = try TokenScorer(model: language.model).score(items)
        language.model.adapterEnabled = true
        let said = try reader.logProbabilities(of: questions)
        #expect(said == base)
        #expect(said != adapted)
        // And it is as it was afterwards.
        #expect(language.model.adapterEnabled)
    }

    @Test func withoutContextTheFirstTokenIsGiven() throws {
        let language = try language()
        let reader = ReferenceReader(model: language.model, text: language.text)
        let said = try reader.logProbabilities(of: [
            ReferenceQuestion(text: Self.texts[0]), ReferenceQuestion(text: ""),
            ReferenceQuestion(text: Self.texts[1]),
        ])
        let counts = try Self.texts.prefix(2).map {
            try language.text.tokenizer.encode($0, addSpecialTokens: false).count - 1
        }
        #expect(said.map(\.count) == [counts[0], 0, counts[1]])
    }

    @Test func embeddingsAreTheMeanOfTheLastStates() throws {
        let language = try language()
        let reader = ReferenceReader(model: language.model, text: language.text)
        let together = try reader.embeddings(of: Self.texts + [""])
        #expect(together[3].allSatisfy { $0 == 0 })
        language.model.adapterEnabled = false
        for (text, vector) in zip(Self.texts, together) {
            let tokens = try language.text.tokenizer.encode(text, addSpecialTokens: false)
            let mean = try withoutGradients {
                try language.model.hiddenStates(
                    tokens: Tensor(tokens.map(Int.init)),
                    context: PackedAttention(
                        layout: PackedLayout(sequences: [tokens.count]), device: .cpu)
                ).mean(0).floats()
            }
            #expect(vector.count == language.model.config.modelWidth)
            for (a, b) in zip(vector, mean) { #expect(abs(a - b) < 1e-4) }
        }
    }

    @Test func aHostAnswersByItsFirstWeights() async throws {
        let folder = Fixtures.folder.appending(path: "../../Pretrained/countdown-tiny")
            .standardizedFileURL
        var config = TrainingConfig.defaults
        config.model = .folder(folder.path)
        config.dtype = .float32
        let host = PolicyHost()
        let origin = Policy.Origin.recipe(newModelFolder: folder)
        let ready = config
        try await host.load { try Policy(config: ready, origin: origin, totalSteps: 1) }
        try await host.keepReference(config, origin)
        let questions = Self.texts.map { ReferenceQuestion(context: "2", text: $0) }
        let before = try await host.logProbabilities(of: questions)
        let states = try await host.embeddings(of: Self.texts)
        // Every weight moves.
        try await host.perform { policy in
            try withoutGradients {
                for parameter in policy.language.model.trainableParameters {
                    try parameter.tensor.add_(0.01)
                }
            }
        }
        #expect(try await host.logProbabilities(of: questions) == before)
        #expect(try await host.embeddings(of: Self.texts) == states)
    }
}
