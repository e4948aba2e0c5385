import HoneCore
import TestSupport
import Testing
import Torch

@testable import HoneInference
@testable import HoneModels

/// Bursts of a device's operations, here on the CPU: what they draw does not depend on where.
@Suite(.serialized) struct DeviceDecodingTests {
    /// An engine that decodes in bursts, with keys and values where those need them.
    private func engine(_ model: DecoderModel, rows: Int = 8) throws -> Engine {
        let engine = try Engine(model, rows: rows)
        engine.store = try GatheredStore(
            plan: engine.plan, layers: model.config.layerCount,
            keyHeads: model.config.keyHeadCount, headWidth: model.config.headWidth,
            dtype: model.dtype, device: model.device)
        engine.decoding = .onDevice
        return engine
    }

    private func expectSame(
        _ found: [[Completion]], _ expected: [[Completion]], _ comment: Comment
    ) {
        #expect(found.map { $0.map(\.tokens) } == expected.map { $0.map(\.tokens) }, comment)
        let reasons = [found, expected].map { $0.map { $0.map(\.finishReason) } }
        #expect(reasons[0] == reasons[1], comment)
        for (a, b) in zip(found.joined(), expected.joined()) {
            let logs = zip(a.logProbabilities, b.logProbabilities)
            let raws = zip(a.rawLogProbabilities, b.rawLogProbabilities)
            #expect(logs.allSatisfy { abs($0 - $1) < 1e-4 }, comment)
            #expect(raws.allSatisfy { abs($0 - $1) < 1e-4 }, comment)
        }
    }

    @Test(arguments: TinyModel.names) func burstsDrawWhatSingleStepsDraw(name: String) throws {
        let model = try TinyModel.load(name)
        // Lengths that are no multiple of a burst, prompts on both sides of a block's end. With the streams of other
        // rows one number lies 7e-9 from the end of a token's share, where rounding decides.
        let requests = [(5, 1.0, 24), (33, 0.7, 13), (16, 0, 21)].map { length, temperature, most in
            TinyModel.request(
                TinyModel.prompt(length, model: model), count: 2, row: length + 1,
                SamplingParameters(temperature: temperature, maxTokens: most))
        }
        let single = try Engine(model).generate(requests)
        let device = try engine(model)
        expectSame(try device.generate(requests), single, "\(name)")
        // Again with what is left of the first time.
        expectSame(try device.generate(requests), single, "\(name), again")
    }

    @Test func completionsThatEndWithinABurstMakeRoomForOthers() throws {
        let model = try TinyModel.load("qwen3-tied")
        let requests = (0..<5).map {
            TinyModel.request(
                TinyModel.prompt(7 + 5 * $0, model: model, seed: UInt64($0)), count: 3, row: $0,
                SamplingParameters(maxTokens: 3 + 7 * $0))
        }
        let free = try Engine(model).generate(requests)
        // Tokens that occur in the middle of completions end them.
        let ends = Set(free.joined().compactMap { $0.tokens.count > 6 ? $0.tokens[5] : nil })
        let plain = try Engine(model)
        plain.endTokens = ends
        let expected = try plain.generate(requests)
        #expect(Set(expected.joined().map(\.finishReason)) == [.stop, .length])
        let narrow = try engine(model, rows: 4)
        narrow.endTokens = ends
        expectSame(try narrow.generate(requests), expected, "four rows")
    }

    @Test func requestsThatNeedTheHostsSamplingGetItAndOthersGoOn() throws {
        let model = try TinyModel.load("llama-three")
        let prompt = TinyModel.prompt(11, model: model)
        let requests = [
            TinyModel.request(prompt, row: 1, SamplingParameters(maxTokens: 30)),
            TinyModel.request(prompt, row: 2, SamplingParameters(topK: 5, maxTokens: 12)),
            TinyModel.request(prompt, row: 3, SamplingParameters(maxTokens: 25)),
        ]
        expectSame(
            try engine(model).generate(requests), try Engine(model).generate(requests), "mixed")
    }

    @Test func changedWeightsCountFromTheNextBurst() throws {
        let model = try TinyModel.load("qwen2-window")
        let request = TinyModel.request(TinyModel.prompt(9, model: model), count: 2)
        let device = try engine(model)
        let before = try device.generate([request])
        try withoutGradients {
            for parameter in model.storedParameters { try parameter.tensor.mul_(1.05) }
        }
        device.policyVersion = 1
        let after = try device.generate([request])
        #expect(after[0].map(\.tokens) != before[0].map(\.tokens))
        expectSame(after, try Engine(model).generate([request]), "other weights")
    }

    @Test func logitsThatAreNotFiniteAreNamed() throws {
        let model = try TinyModel.load("llama-three")
        let engine = try engine(model)
        let request = TinyModel.request(TinyModel.prompt(9, model: model))
        _ = try engine.submit(request)
        _ = try engine.step()
        try withoutGradients {
            for parameter in model.storedParameters { try parameter.tensor.fill_(Double.nan) }
        }
        #expect(throws: EngineError.self) { try engine.step() }
    }

    @Test func lanesComeInFewSizes() {
        #expect((1...5).map(DecodeLanes.laneCount) == [1, 2, 4, 4, 8])
        #expect([33, 64, 65].map(DecodeLanes.laneCount) == [64, 64, 96])
        #expect([1, 256, 257].map(DecodeLanes.placeCount) == [256, 256, 512])
    }
}
