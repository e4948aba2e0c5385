import Foundation
import HoneCore

/// How little the answer surprises the model that training began with.
///
/// With ppl = exp(−(1/T) Σ_t ln p(t | before)) over the T tokens of the answer under the reference model:
/// - `group`: (1/ppl − min) / (max − min) over the answers of the group; 0.5 each where mean(ppl)/ppl
///   spreads by less than 1e-6 or only one completion has an answer;
/// - `inverse`: 1/ppl, the geometric mean of the tokens' probabilities.
///
/// Range [0, 1]. A completion without an answer scores 0.
///
/// Source: the combined reward in the notebook of Cloudera's GRPO template, which takes another model
/// (BioGPT), one perplexity for a batch of eight, and the row's answer instead of the completion's, so that
/// its term is the same whatever the model writes. Here each completion is measured for itself.
struct Perplexity: RewardFunction {
    let name: String
    let options: PerplexityOptions
    let reference: any ReferenceModel

    func score(_ request: GradingRequest) async -> [Score] {
        let answers = request.completions.map { options.extraction.answer(in: $0) }
        let questions = answers.compactMap(\.self).map { answer in
            ReferenceQuestion(
                context: options.given == .prompt ? request.prompt : "", text: answer)
        }
        let perplexities: [Double?]
        do {
            let scored = try await reference.logProbabilities(of: questions)
            perplexities = scored.map(Self.perplexity)
        } catch {
            let failure = GraderFailure(
                function: name, kind: .unavailable, message: "the reference model: \(error)")
            return request.completions.map { _ in .failed(failure) }
        }
        var scores = scaled(perplexities)[...]
        return answers.map { $0 == nil ? .value(0) : .value(scores.popFirst() ?? 0) }
    }

    /// `nil` for an answer without tokens.
    private static func perplexity(_ logProbabilities: [Float]) -> Double? {
        guard !logProbabilities.isEmpty else { return nil }
        let sum = logProbabilities.reduce(0.0) { $0 + Double($1) }
        return exp(-sum / Double(logProbabilities.count))
    }

    private func scaled(_ perplexities: [Double?]) -> [Double] {
        let inverse = perplexities.map { $0.map { 1 / $0 } ?? 0 }
        guard options.scale == .group else { return inverse }
        let known = perplexities.compactMap(\.self)
        let mean = known.reduce(0, +) / Double(max(known.count, 1))
        let found = known.map { 1 / $0 }
        guard let lowest = found.min(), let highest = found.max(),
            (highest - lowest) * mean >= 1e-6
        else { return perplexities.map { $0 == nil ? 0 : 0.5 } }
        return zip(perplexities, inverse).map { perplexity, inverse in
            perplexity == nil ? 0 : (inverse - lowest) / (highest - lowest)
        }
    }
}

/// The options of `type: perplexity`.
public struct PerplexityOptions: ConfigSection {
    public var extraction: AnswerExtraction = .tag("answer", .first)
    public var given: Context = .prompt
    public var scale: Scale = .group

    /// What stands before the answer.
    public enum Context: String, ConfigChoice {
        case prompt, nothing
    }

    public enum Scale: String, ConfigChoice {
        case group, inverse
    }

    public init() {}

    public static let defaults = PerplexityOptions()
    public static let summary =
        "How little the answer surprises the model that training began with, from 0 to 1."
    public static let fields: [ConfigField<PerplexityOptions>] = [
        ConfigField("extract", \.extraction, AnswerExtraction.summary),
        ConfigField(
            "given", \.given,
            "What stands before the answer when it is measured: prompt, or nothing as in Cloudera's."
        ),
        ConfigField(
            "scale", \.scale,
            "group: between the group's least and most surprising answer; inverse: 1 / perplexity."),
    ]
}
