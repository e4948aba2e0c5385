import HoneCore
import HoneModels
import Torch

extension Engine {
    /// Computes one part of the waiting prompts, if any, and one token of every completion whose
    /// prompt is done. Returns what happened, in order; nothing when idle.
    public func step() throws -> [EngineEvent] {
        guard !isIdle else { return [] }
        let seed = model.dropoutSeed
        model.dropoutSeed = nil
        defer { model.dropoutSeed = seed }
        return try withoutGradients {
            takeSeats()
            var events = try prefill()
            events += try startWaiting()
            events += try decode()
            return events
        }
    }

    private func takeSeats() {
        for seat in scheduler.seat() {
            guard let active = requests[seat.request] else { continue }
            waiting.append(
                ActiveCompletion(
                    seat: seat, parameters: active.request.parameters,
                    stream: active.request.stream, tokenLimit: active.tokenLimit,
                    prompt: active.request.promptTokens, matcher: active.stop?.makeMatcher()))
        }
    }

    /// Computes the next parts of prompts, and the logits after those that are complete.
    private func prefill() throws -> [EngineEvent] {
        let chunks = scheduler.nextPrefill()
        guard !chunks.isEmpty else { return [] }
        var batch = CachedBatch()
        var last: [(request: RequestID, row: Int)] = []
        for chunk in chunks {
            guard let active = requests[chunk.request],
                let group = scheduler.groups[chunk.request]
            else { continue }
            let row = batch.addPrompt(
                active.request.promptTokens[chunk.tokens], blocks: group.promptBlocks)
            if chunk.tokens.upperBound == group.promptLength { last.append((chunk.request, row)) }
        }
        let hidden = try forward(batch)
        scheduler.completePrefill(chunks)
        guard !last.isEmpty else { return [] }
        let rows = try Tensor(last.map(\.row), device: model.device)
        let logits = try onHost(model.logits(hidden.indexSelect(0, rows)))
        for (index, entry) in last.enumerated() {
            requests[entry.request]?.firstLogits = try logits.narrow(0, index, 1)
        }
        return []
    }

    /// Draws the first token of seated completions whose prompt is done: all members of a group
    /// from the same row of logits.
    private func startWaiting() throws -> [EngineEvent] {
        var events: [EngineEvent] = []
        while let request = waiting.first(where: { isReady($0) })?.seat.request,
            let logits = requests[request]?.firstLogits
        {
            var started = waiting.filter { $0.seat.request == request }
            waiting.removeAll { $0.seat.request == request }
            events += try advance(
                &started, logits: logits, rows: .init(repeating: 0, count: started.count))
            running += started
            if scheduler.groups[request]?.isFullySeated ?? true {
                requests[request]?.firstLogits = nil
            } else {
                // A copy of its own, so that a row kept for later does not keep the whole batch's.
                requests[request]?.firstLogits = try logits.clone()
            }
        }
        return events
    }

    private func isReady(_ completion: ActiveCompletion) -> Bool {
        requests[completion.seat.request]?.firstLogits != nil
    }

    private func decode() throws -> [EngineEvent] {
        guard !running.isEmpty else { return [] }
        var batch = CachedBatch()
        for completion in running {
            guard let token = completion.tokens.last,
                let group = scheduler.groups[completion.seat.request]
            else { preconditionFailure("a completion decodes before its first token") }
            batch.addToken(
                token, place: completion.tokens.count - 1, request: completion.seat.request,
                promptLength: group.promptLength, promptBlocks: group.promptBlocks,
                blocks: completion.seat.blocks)
        }
        let logits = try onHost(model.decodedLogits(forward(batch)))
        return try advance(&running, logits: logits, rows: Array(running.indices))
    }

    private func forward(_ batch: CachedBatch) throws -> Tensor {
        let context = try CachedContext(
            batch: batch, store: try keyValueStore(), device: model.device)
        let tokens = try Tensor(batch.tokens, device: model.device)
        return try model.hiddenStates(tokens: tokens, context: context)
    }

    /// On the host and in a type that sampling reads.
    private func onHost(_ logits: Tensor) throws -> Tensor {
        let logits = try logits.to(.cpu)
        return logits.dtype == .bfloat16 ? logits : try logits.to(.float32)
    }

    private func keyValueStore() throws -> any KeyValueStore {
        if let store { return store }
        let config = model.config
        let made: any KeyValueStore
        if Kernels.supportsCachedAttention(dtype: model.dtype, device: model.device) {
            made = try BlockStore(
                plan: plan, layers: config.layerCount, keyHeads: config.keyHeadCount,
                headWidth: config.headWidth, dtype: model.dtype)
        } else {
            made = try GatheredStore(
                plan: plan, layers: config.layerCount, keyHeads: config.keyHeadCount,
                headWidth: config.headWidth, dtype: model.dtype, device: model.device)
        }
        store = made
        return made
    }

    /// Draws one token for each of `completions` from its row and takes out those that end.
    private func advance(
        _ completions: inout [ActiveCompletion], logits: Tensor, rows: [Int]
    ) throws -> [EngineEvent] {
        var seen: [Int32] = []
        let draws = zip(completions, rows).map { $0.draw(row: $1, seen: &seen) }
        let drawn = try Kernels.sample(logits, draws, seen: seen)
        var events: [EngineEvent] = []
        events.reserveCapacity(drawn.count)
        var kept: [ActiveCompletion] = []
        kept.reserveCapacity(completions.count)
        for index in completions.indices {
            let seat = completions[index].seat
            guard case .token(let token, let log, let raw) = drawn[index] else {
                throw EngineError.logitsNotFinite(
                    request: seat.request.number, member: seat.member,
                    position: completions[index].tokens.count)
            }
            events.append(
                .token(
                    request: seat.request, member: seat.member, token: token, logProbability: log,
                    rawLogProbability: raw))
            let reason = completions[index].append(
                token, logProbability: log, rawLogProbability: raw,
                endTokens: endTokens)
            if let reason {
                let completion = completions[index].completion(
                    reason, policyVersion: policyVersion)
                events.append(
                    .finished(
                        request: seat.request, member: seat.member, completion: completion))
                finish(seat)
            } else {
                kept.append(completions[index])
            }
        }
        completions = kept
        return events
    }

    private func finish(_ seat: Scheduler.Seat) {
        scheduler.finish(seat)
        requests[seat.request]?.finishedCount += 1
        if let active = requests[seat.request], active.finishedCount == active.request.count {
            requests[seat.request] = nil
        }
    }
}
