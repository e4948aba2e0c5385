import HoneCore
import Torch

/// One member of a group while it is being written.
struct ActiveCompletion {
    let seat: Scheduler.Seat
    let parameters: SamplingParameters
    let stream: RandomStream
    /// The request's limit, or what the model's longest input leaves.
    let tokenLimit: Int
    private(set) var tokens: [Int32] = []
    private var logProbabilities: [Float] = []
    private var rawLogProbabilities: [Float] = []
    /// Where each token that was read is kept; nil where it is not.
    private(set) var places: [Int32?] = []
    private var matcher: (any StopMatcher)?
    /// Distinct tokens of prompt and completion, where a repetition penalty needs them.
    private(set) var seen: [Int32]
    private var seenSet: Set<Int32>

    init(
        seat: Scheduler.Seat, parameters: SamplingParameters, stream: RandomStream,
        tokenLimit: Int, prompt: [Int32], matcher: (any StopMatcher)?
    ) {
        self.seat = seat
        self.parameters = parameters
        self.stream = stream
        self.tokenLimit = tokenLimit
        self.matcher = matcher
        let expected = min(tokenLimit, 512)
        tokens.reserveCapacity(expected)
        logProbabilities.reserveCapacity(expected)
        rawLogProbabilities.reserveCapacity(expected)
        places.reserveCapacity(expected)
        seenSet = parameters.repetitionPenalty == 1 ? [] : Set(prompt)
        seen = Array(seenSet)
    }

    /// Whether nothing but the temperature changes what the model says.
    var drawsFromWholeDistribution: Bool {
        parameters.topK == 0 && parameters.topP == 1 && parameters.minP == 0
            && parameters.repetitionPenalty == 1
    }

    /// How the next token is drawn from `row`, its seen tokens added to `list`.
    func draw(row: Int, seen list: inout [Int32]) -> Kernels.Draw {
        var draw = Kernels.Draw(
            row: row, uniform: stream.uniform(member: seat.member, position: tokens.count))
        draw.temperature = parameters.temperature
        draw.topK = parameters.topK
        draw.topP = parameters.topP
        draw.minP = parameters.minP
        draw.repetitionPenalty = parameters.repetitionPenalty
        if !seen.isEmpty {
            draw.seen = list.count..<list.count + seen.count
            list += seen
        }
        return draw
    }

    /// Adds a token; returns why the completion ends with it, or nil where it goes on.
    mutating func append(
        _ token: Int32, logProbability: Float, rawLogProbability: Float, endTokens: Set<Int32>
    ) -> Completion.FinishReason? {
        tokens.append(token)
        logProbabilities.append(logProbability)
        rawLogProbabilities.append(rawLogProbability)
        if parameters.repetitionPenalty != 1, seenSet.insert(token).inserted { seen.append(token) }
        let isMatched = matcher?.consume(token) ?? false
        if isMatched || endTokens.contains(token) { return .stop }
        return tokens.count >= tokenLimit ? .length : nil
    }

    /// Notes where the last token is kept.
    mutating func keep(place: Int32?) {
        while places.count < tokens.count - 1 { places.append(nil) }
        places.append(place)
    }

    func completion(_ reason: Completion.FinishReason, policyVersion: Int) -> Completion {
        Completion(
            tokens: tokens, logProbabilities: logProbabilities,
            rawLogProbabilities: rawLogProbabilities, finishReason: reason,
            policyVersion: policyVersion)
    }
}
