public import HoneCore
public import HoneModels
import Torch

/// Writes completions with a model: many requests at once, each as if it were alone.
///
/// Token ids in, token ids out. ``submit(_:stop:)`` queues a request, each ``step()`` computes a part
/// of the waiting prompts and one token of every running completion; ``generate(_:stop:finished:)`` does both
/// for a whole batch. A row that is done is replaced at the next step. The prompt of a group is
/// computed once, and its members read the same keys and values.
///
/// Works on the model's own tensors, so an optimiser step or a switched adapter counts from the next
/// step on; keys and values of requests then running stay as they were computed.
///
/// Not Sendable, like the model. Numbers are drawn by counter (`RandomStream`), attention and
/// sampling treat each row by itself: what a request gives depends on other requests only as far as
/// libtorch's matrix products do.
public final class Engine {
    public let model: DecoderModel
    /// Tokens that end every completion.
    public var endTokens: Set<Int32>
    public let limits: EngineLimits
    /// Written into completions: how many updates the weights have seen.
    public var policyVersion = 0
    /// Keeps what products give for the tokens of completions; nil keeps nothing.
    public var record: ActivationRecord?

    let plan: CachePlan
    var scheduler: Scheduler
    var requests: [RequestID: ActiveRequest] = [:]
    /// Completions with a seat whose prompt is not computed yet.
    var waiting: [ActiveCompletion] = []
    /// Completions that decode, in order of seating: members of a group stand together.
    var running: [ActiveCompletion] = []
    var store: (any KeyValueStore)?
    var decoding: DecodingPlace
    /// The tensors of bursts on the device.
    var device: DeviceDecoding?
    private var nextNumber = 0

    /// - Throws: ``EngineError/budgetTooSmall(bytes:blockBytes:)``.
    public init(
        model: DecoderModel, endTokens: Set<Int32>, limits: EngineLimits = EngineLimits()
    ) throws(EngineError) {
        self.model = model
        self.endTokens = endTokens
        self.limits = limits
        decoding = model.device.isCUDA ? .recordedOnDevice : .onHost
        let config = model.config
        let length = Kernels.cacheBlockLength
        // More than every row at the model's full length can never be used.
        let perRow = (config.maximumLength + length - 1) / length + 1
        let (most, overflows) = limits.rows.multipliedReportingOverflow(by: perRow)
        plan = try CachePlan(
            layers: config.layerCount, keyHeads: config.keyHeadCount, headWidth: config.headWidth,
            bytesPerElement: model.dtype.byteCount,
            budgetBytes: limits.cacheBytes ?? EngineLimits.defaultCacheBytes(on: model.device),
            mostBlocks: overflows ? .max : most)
        scheduler = Scheduler(
            plan: plan, rowLimit: limits.rows, prefillLimit: limits.prefillTokens)
    }

    /// Tokens of keys and values that fit in the budget.
    public var cacheTokens: Int { plan.blockCount * plan.blockLength }
    /// Bytes of keys and values that one token takes.
    public var cacheBytesPerToken: Int { plan.blockBytes / plan.blockLength }
    /// Whether no request is waiting or running.
    public var isIdle: Bool { requests.isEmpty }

    /// Queues a request.
    ///
    /// Its completions are at most as long as the model's longest input leaves room for.
    /// - Parameter stop: what else ends a completion.
    /// - Parameter request: What is asked.
    /// - Throws: ``EngineError`` for a request that could never be served.
    public func submit(
        _ request: GenerationRequest, stop: (any StopCondition)? = nil
    ) throws(EngineError) -> RequestID {
        let limit = try check(request)
        let id = RequestID(number: nextNumber)
        try scheduler.submit(
            id, promptLength: request.promptTokens.count, members: request.count,
            completionLength: limit - 1)
        nextNumber += 1
        requests[id] = ActiveRequest(request: request, stop: stop, tokenLimit: limit)
        return id
    }

    /// The longest completion of `request`, tokens. The last token's keys are never needed.
    private func check(_ request: GenerationRequest) throws(EngineError) -> Int {
        let prompt = request.promptTokens
        guard !prompt.isEmpty else { throw .emptyPrompt }
        guard request.count >= 1 else {
            throw .invalidParameter(
                name: "num_generations", value: "\(request.count)", allowed: "1 or more")
        }
        try request.parameters.validate()
        let size = model.config.vocabularySize
        for token in prompt where token < 0 || Int(token) >= size {
            throw .unknownToken(token: token, vocabularySize: size)
        }
        let room = model.config.maximumLength - prompt.count
        guard room >= 1 else {
            throw .promptTooLong(
                tokens: prompt.count, maximumLength: model.config.maximumLength - 1)
        }
        let limit = min(request.parameters.maxTokens, room)
        try plan.requireRoom(prompt: prompt.count, completion: limit - 1)
        return limit
    }

    /// Forgets a request; what it holds is free for others at once.
    public func cancel(_ id: RequestID) {
        let seats = (waiting + running).map(\.seat).filter { $0.request == id }
        waiting.removeAll { $0.seat.request == id }
        running.removeAll { $0.seat.request == id }
        scheduler.cancel(id, seats: seats)
        requests[id] = nil
    }

    /// Forgets every request.
    public func cancelAll() {
        for id in requests.keys { cancel(id) }
        device?.reset()
    }

    /// Gives the cache's memory back; the next request allocates it anew. Cancels what runs.
    public func releaseCache() {
        cancelAll()
        device = nil
        store = nil
    }

    /// The completions of each request, in order.
    ///
    /// - Parameter stop: ends completions of all of them.
    /// - Parameter batch: The requests; each is answered as if it were alone.
    /// - Parameter finished: is given the place of a request and its completions as soon as the last of
    ///   them has ended.
    /// - Throws: ``EngineError`` before anything is computed where a request cannot be served;
    ///   whatever the model throws, after which the engine is empty.
    public func generate(
        _ batch: [GenerationRequest], stop: (any StopCondition)? = nil,
        finished: (Int, [Completion]) -> Void = { _, _ in }
    ) throws -> [[Completion]] {
        guard isIdle else { throw EngineError.busy(requests: requests.count) }
        var places: [RequestID: Int] = [:]
        do {
            let ids = try batch.map { try submit($0, stop: stop) }
            places = Dictionary(uniqueKeysWithValues: zip(ids, batch.indices))
            var done = batch.map { _ in [Int: Completion]() }
            func group(_ place: Int) -> [Completion] {
                (0..<batch[place].count).compactMap { done[place][$0] }
            }
            while !isIdle {
                for case .finished(let id, let member, let completion) in try step() {
                    guard let place = places[id] else { continue }
                    done[place][member] = completion
                    if done[place].count == batch[place].count { finished(place, group(place)) }
                }
            }
            return batch.indices.map(group)
        } catch {
            cancelAll()
            guard case EngineError.logitsNotFinite(let number, let member, let position) = error,
                let place = places[RequestID(number: number)]
            else { throw error }
            throw EngineError.logitsNotFinite(
                request: place, member: member, position: position)
        }
    }
}

/// Where the tokens of running completions are drawn.
enum DecodingPlace {
    /// One token at a time, by the kernel that knows every sampling parameter.
    case onHost
    /// Several at a time (``DeviceDecoding``), operation by operation or recorded.
    case onDevice, recordedOnDevice
}

/// A request with what its members share while it is served.
struct ActiveRequest {
    let request: GenerationRequest
    let stop: (any StopCondition)?
    let tokenLimit: Int
    /// [1, V] after the prompt's last token, while members without a first token remain.
    var firstLogits: Tensor?
    var finishedCount = 0
    /// Where each token of the prompt is kept, in order; nil where it is not.
    var promptPlaces: [Int32?] = []
}
