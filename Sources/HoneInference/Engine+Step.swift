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
        var rows: [(request: RequestID, range: Range<Int>)] = []
        for chunk in chunks {
            guard let active = requests[chunk.request],
                let group = scheduler.groups[chunk.request]
            else { continue }
            let row = batch.addPrompt(
                active.request.promptTokens[chunk.tokens], blocks: group.promptBlocks)
            rows.append((chunk.request, row + 1 - chunk.tokens.count..<row + 1))
            if chunk.tokens.upperBound == group.promptLength { last.append((chunk.request, row)) }
        }
        let room = try roomToKeep(batch)
        let hidden = try forward(batch, keeping: room)
        for (request, range) in rows {
            requests[request]?.promptPlaces += range.map { room?.place(of: $0) }
        }
        scheduler.completePrefill(chunks)
        guard !last.isEmpty else { return [] }
        let ends = try Tensor(last.map(\.row), device: model.device)
        let logits = try onHost(model.logits(hidden.indexSelect(0, ends)))
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
        if let device = try deviceDecoding() { return try decode(on: device) }
        var batch = CachedBatch(rowCount: running.count)
        for row in running.indices {
            guard let token = running[row].tokens.last else {
                preconditionFailure("a completion decodes before its first token")
            }
            batch.addToken(
                token, place: running[row].tokens.count - 1, seat: running[row].seat)
        }
        let room = try roomToKeep(batch)
        let logits = try onHost(model.decodedLogits(forward(batch, keeping: room)))
        if let room {
            for row in running.indices { running[row].keep(place: room.place(of: row)) }
        }
        return try advance(&running, logits: logits, rows: Array(running.indices))
    }

    /// Room in the record for a call's rows, where something that is served is to be learned from.
    private func roomToKeep(_ batch: CachedBatch) throws -> ActivationRoom? {
        guard let record, requests.values.contains(where: { $0.request.purpose == .training })
        else { return nil }
        return try record.room(for: batch.rowCount)
    }

    /// What decodes in bursts on the device, where that is to be done and all that runs allows it.
    private func deviceDecoding() throws -> DeviceDecoding? {
        guard decoding != .onHost, !model.anglesDependOnCall,
            running.allSatisfy({ $0.drawsFromWholeDistribution }),
            let store = try keyValueStore() as? GatheredStore
        else { return nil }
        if let known = device { return known }
        let made = DeviceDecoding(
            model: model, store: store, recording: decoding == .recordedOnDevice ? .on : .off)
        device = made
        return made
    }

    /// Several tokens of every running completion.
    private func decode(on device: DeviceDecoding) throws -> [EngineEvent] {
        let longest = running.map { $0.tokenLimit - $0.tokens.count }.max() ?? 1
        let length = min(longest, DeviceDecoding.longestBurst)
        let layout = DeviceDecoding.Layout(
            seats: running.map(\.seat), version: policyVersion, usesAdapter: model.adapterEnabled)
        let drawn = try device.burst(
            running.map { try row(of: $0, length: length) }, length: length, layout: layout)
        var events: [EngineEvent] = []
        var lanes = Array(running.indices)
        for step in drawn where !running.isEmpty {
            let (told, kept) = try take(lanes.map { step[$0] }, for: &running)
            events += told
            lanes = kept.map { lanes[$0] }
        }
        return events
    }

    private func row(
        of completion: ActiveCompletion, length: Int
    ) throws -> DeviceDecoding.Row {
        guard let token = completion.tokens.last else {
            preconditionFailure("a completion decodes before its first token")
        }
        let (seat, count) = (completion.seat, completion.tokens.count)
        let block = plan.blockLength
        return DeviceDecoding.Row(
            token: token, position: seat.promptLength + count - 1,
            temperature: completion.parameters.temperature,
            uniforms: (count..<count + length).map {
                completion.stream.uniform(member: seat.member, position: $0)
            },
            places: {
                func places(_ blocks: [Int32]) -> [Int] {
                    blocks.flatMap { number in (0..<block).map { Int(number) * block + $0 } }
                }
                return places(seat.promptBlocks).prefix(seat.promptLength) + places(seat.blocks)
            })
    }

    private func forward(
        _ batch: CachedBatch, keeping room: ActivationRoom? = nil
    ) throws -> Tensor {
        let context = try CachedContext(
            batch: batch, store: try keyValueStore(), device: model.device)
        let tokens = try Tensor(batch.tokens, device: model.device)
        return try model.hiddenStates(tokens: tokens, context: context, keeping: room)
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
        if Kernels.supportsCachedAttention(
            dtype: model.dtype, device: model.device, headWidth: config.headWidth)
        {
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
        let draws = completions.indices.map { index in
            completions[index].draw(row: rows[index], seen: &seen)
        }
        return try take(Kernels.sample(logits, draws, seen: seen), for: &completions).events
    }

    /// Gives each of `completions` its token and takes out those that end.
    /// - Returns: what happened, and which were kept.
    private func take(
        _ drawn: [Kernels.Drawn], for completions: inout [ActiveCompletion]
    ) throws -> (events: [EngineEvent], kept: [Int]) {
        var events: [EngineEvent] = []
        events.reserveCapacity(drawn.count)
        var kept: [Int] = []
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
                if let active = requests[seat.request], active.request.purpose == .training {
                    record?.keep(
                        prompt: active.request.promptTokens, completion: completion.tokens,
                        places: active.promptPlaces + completions[index].places)
                }
                finish(seat)
            } else {
                kept.append(index)
            }
        }
        if kept.count < completions.count { completions = kept.map { completions[$0] } }
        return (events, kept)
    }

    private func finish(_ seat: Scheduler.Seat) {
        scheduler.finish(seat)
        requests[seat.request]?.finishedCount += 1
        if let active = requests[seat.request], active.finishedCount == active.request.count {
            requests[seat.request] = nil
        }
        if isIdle { device?.reset() }
    }
}
