/// A request that cannot be served, or a model that gave nothing to draw from.
public enum EngineError: Error, Hashable, Sendable {
    case emptyPrompt
    /// A prompt token that the model has no embedding for.
    case unknownToken(token: Int32, vocabularySize: Int)
    /// The prompt leaves no room for a single token.
    case promptTooLong(tokens: Int, maximumLength: Int)
    /// A sampling parameter outside its range.
    case invalidParameter(name: String, value: String, allowed: String)
    /// One completion alone needs more cache than the budget holds.
    case cacheTooSmall(
        neededTokens: Int, availableTokens: Int, neededBytes: Int, budgetBytes: Int)
    /// The budget holds not even one block.
    case budgetTooSmall(bytes: Int, blockBytes: Int)
    /// A NaN or infinity among the logits, or no finite one. `request` is the place in the batch, or the number
    /// that submitting gave it.
    case logitsNotFinite(request: Int, member: Int, position: Int)
    /// A whole batch was asked of an engine that serves streaming requests.
    case busy(requests: Int)
}

extension EngineError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .emptyPrompt:
            "the prompt has no tokens; a model needs at least one to continue from"
        case .unknownToken(let token, let size):
            """
            token \(token) of the prompt is outside the model's vocabulary of \(size); \
            does the tokenizer belong to this model?
            """
        case .promptTooLong(let tokens, let maximum):
            """
            the prompt has \(tokens) tokens, but the model reads at most \(maximum) with at least \
            one to be generated; shorten the prompt
            """
        case .invalidParameter(let name, let value, let allowed):
            "\(name) is \(value), but must be \(allowed)"
        case .cacheTooSmall(let needed, let available, let neededBytes, let budget):
            """
            one completion needs room for \(needed) tokens in the key/value cache \
            (\(Self.size(neededBytes))), but its budget of \(Self.size(budget)) holds \
            \(available); raise the budget, or lower the longest completion or the prompt
            """
        case .budgetTooSmall(let bytes, let block):
            """
            a key/value cache of \(Self.size(bytes)) is smaller than one block of \
            \(Self.size(block)); raise the budget
            """
        case .logitsNotFinite(let request, let member, let position):
            """
            the model's logits for token \(position) of completion \(member) of request \
            \(request) are not finite; the weights may hold NaN, or float16 may have overflowed
            """
        case .busy(let requests):
            "the engine is still serving \(requests) requests; finish or cancel them first"
        }
    }

    static func size(_ bytes: Int) -> String {
        if bytes < 1 << 10 { return "\(bytes) bytes" }
        let (unit, name) =
            bytes < 1 << 20
            ? (1 << 10, "KiB") : bytes < 1 << 30 ? (1 << 20, "MiB") : (1 << 30, "GiB")
        let tenths = (bytes * 10 + unit / 2) / unit
        return "\(tenths / 10).\(tenths % 10) \(name)"
    }
}
