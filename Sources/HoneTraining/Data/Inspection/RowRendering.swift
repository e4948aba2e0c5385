import HoneCore
import HoneText
import OrderedCollections

/// What a recipe makes of a row: the text that the model sees, and its tokens.
struct RowRendering: Sendable {
    /// Makes the row's prompt, or what it teaches, and how that becomes tokens.
    let make: @Sendable (SourceRow, Int) throws(DatasetError.BadRow) -> Rendered
    /// The longest that fits, and what becomes of others.
    let limit: LengthLimit
    /// What a length is the length of: `prompt`, or `row` of supervised learning.
    let noun: String

    struct Rendered {
        /// Two rows that ask or teach the same have the same.
        var fingerprint: UInt64
        /// The text and its tokens.
        var encode: () throws -> (text: String, tokens: Int)
    }

    /// The rendering that `config` asks for, with the tokenizer and template of its model.
    init(_ config: TrainingConfig, _ text: ModelText) throws {
        let prompts = PromptEncoder(tokenizer: text.tokenizer, template: text.template)
        switch config.method {
        case .grpo:
            let builder = try PromptBuilder(config.dataset.prompt)
            limit = LengthLimit(
                tokens: min(config.dataset.maxPromptLength ?? .max, try config.roomForPrompt()),
                overlong: config.dataset.overlong)
            noun = "prompt"
            make = { row, index throws(DatasetError.BadRow) in
                let prompt = try builder.prompt(of: row)
                let made = DatasetRow(index: index, prompt: prompt, columns: row.columns)
                return Rendered(fingerprint: Fingerprint.of(prompt)) {
                    let encoded = try prompts.encode(made)
                    return (encoded.text, encoded.tokens.count)
                }
            }
        case .sft:
            let builder = try SupervisedBuilder(config.dataset)
            let encoder = SupervisedEncoder(
                prompts: prompts, endToken: text.endToken,
                completionOnlyLoss: config.sft.completionOnlyLoss,
                assistantTurns: config.sft.assistantTurns)
            limit = LengthLimit(tokens: config.sft.maxLength, overlong: config.dataset.overlong)
            noun = "row"
            make = { row, index throws(DatasetError.BadRow) in
                let made = try builder.row(row, index: index)
                return Rendered(fingerprint: made.content.fingerprint) {
                    let tokens = try encoder.encode(made).tokens
                    return (
                        text.tokenizer.decode(tokens, skipSpecialTokens: false), tokens.count
                    )
                }
            }
        }
    }
}
