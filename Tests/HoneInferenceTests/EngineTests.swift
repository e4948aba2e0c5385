import Foundation
import HoneCore
import HoneModels
import TestSupport
import Testing
import Torch

@testable import HoneInference

@Suite(.serialized) struct EngineTests {
    @Test(arguments: TinyModel.names) func greedyIsWhatTheFullForwardFinds(name: String) throws {
        let model = try TinyModel.load(name)
        let prompt = TinyModel.prompt(21, model: model)
        let request = TinyModel.request(
            prompt, SamplingParameters(temperature: 0, maxTokens: 40))
        let completion = try Engine(model).generate([request])[0][0]
        #expect(completion.tokens.count == 40)
        #expect(completion.finishReason == .length)

        var tokens = prompt.map(Int.init)
        try withoutGradients {
            for token in completion.tokens {
                let context = try PackedAttention(
                    layout: PackedLayout(sequences: [tokens.count]))
                let hidden = try model.hiddenStates(tokens: Tensor(tokens), context: context)
                let best = try model.logits(hidden.narrow(0, tokens.count - 1, 1)).argmax()
                #expect(try best.ints() == [Int(token)])
                tokens.append(Int(token))
            }
        }
    }

    /// The bound that `Docs/Numerics.md` names, on each family: 1e-5 in f32, 0.02 in bf16, mean of the
    /// distances.
    @Test(arguments: TinyModel.names, [DType.float32, .bfloat16])
    func logProbabilitiesAreThoseOfTraining(name: String, dtype: DType) throws {
        let model = try TinyModel.load(name, dtype: dtype)
        let prompt = TinyModel.prompt(30, model: model)
        let request = TinyModel.request(
            prompt, count: 4, SamplingParameters(temperature: 0.8, maxTokens: 48))
        let completions = try Engine(model).generate([request])[0]
        var distances: [Double] = []
        for completion in completions {
            let sampled = try TinyModel.score(
                model, prompt: prompt, completion: completion.tokens, temperature: 0.8)
            let raw = try TinyModel.score(model, prompt: prompt, completion: completion.tokens)
            distances += zip(sampled, completion.logProbabilities).map { abs($0 - Double($1)) }
            distances += zip(raw, completion.rawLogProbabilities).map { abs($0 - Double($1)) }
        }
        let mean = distances.reduce(0, +) / Double(distances.count)
        #expect(mean < (dtype == .float32 ? 1e-5 : 0.02))
    }

    @Test func oneRequestIsTheSameInAnyCompany() throws {
        let model = try TinyModel.load("qwen3-tied")
        let request = TinyModel.request(TinyModel.prompt(19, model: model), count: 2, row: 5)
        let others = (0..<7).map {
            TinyModel.request(
                TinyModel.prompt(5 + 9 * $0, model: model, seed: UInt64(50 + $0)),
                count: 1 + $0 % 3,
                seed: 8, row: 100 + $0)
        }
        let alone = try Engine(model).generate([request])[0]
        let amid = try Engine(model).generate(others.prefix(3) + [request] + others.suffix(4))[3]
        let narrow = try Engine(model, rows: 1).generate([others[0], request])[1]
        #expect(alone.map(\.tokens) == amid.map(\.tokens))
        #expect(alone.map(\.tokens) == narrow.map(\.tokens))
        for (a, b) in zip(alone, amid) {
            for (x, y) in zip(a.logProbabilities, b.logProbabilities) { #expect(abs(x - y) < 1e-5) }
        }
    }

    @Test func oneRequestIsTheSameOnAnyNumberOfThreads() throws {
        let model = try TinyModel.load("llama-three")
        let requests = (0..<3).map {
            TinyModel.request(
                TinyModel.prompt(12, model: model, seed: UInt64($0)), count: 3, row: $0)
        }
        let threads = Torch.threadCount
        let many = try Engine(model).generate(requests)
        try Torch.setThreadCount(1)
        let one = try Engine(model).generate(requests)
        try Torch.setThreadCount(threads)
        #expect(many.map { $0.map(\.tokens) } == one.map { $0.map(\.tokens) })
    }

    @Test func aSharedPromptIsARepeatedPrompt() throws {
        let model = try TinyModel.load("gemma2-caps")
        let prompt = TinyModel.prompt(37, model: model)
        let greedy = SamplingParameters(temperature: 0, maxTokens: 20)
        let shared = try Engine(model).generate([TinyModel.request(prompt, count: 3, greedy)])[0]
        let repeated = try Engine(model)
            .generate((0..<3).map { TinyModel.request(prompt, row: $0, greedy) })
        #expect(shared.map(\.tokens) == repeated.map { $0[0].tokens })
        // Members of a sampled group differ: their numbers do.
        let sampled = try Engine(model).generate([TinyModel.request(prompt, count: 3)])[0]
        #expect(Set(sampled.map(\.tokens)).count == 3)
    }

    @Test func aLongPromptInPartsIsTheWholePrompt() throws {
        for name in ["qwen2-window", "gemma3-layers"] {
            let model = try TinyModel.load(name)
            let request = TinyModel.request(TinyModel.prompt(90, model: model), count: 2)
            let whole = try Engine(model).generate([request])[0]
            let parts = try Engine(model, prefill: 32).generate([request])[0]
            #expect(whole.map(\.tokens) == parts.map(\.tokens))
        }
    }

    @Test func fewRowsAndLittleCacheGiveTheSame() throws {
        let model = try TinyModel.load("qwen3-tied")
        let requests = (0..<6).map {
            TinyModel.request(
                TinyModel.prompt(10 + 7 * $0, model: model, seed: UInt64($0)), count: 4, row: $0,
                SamplingParameters(maxTokens: 5 + 6 * $0))
        }
        let roomy = try Engine(model, rows: 64).generate(requests)
        let plan = try Engine(model).plan
        // The longest request alone needs 3 + 3 blocks; a little more than that for all of them.
        let tight = try Engine(model, rows: 3, bytes: 8 * plan.blockBytes).generate(requests)
        #expect(roomy.map { $0.map(\.tokens) } == tight.map { $0.map(\.tokens) })
        #expect(tight.map(\.count) == [4, 4, 4, 4, 4, 4])
    }

    @Test func gatheredKeysGiveTheSame() throws {
        for name in TinyModel.names {
            let model = try TinyModel.load(name)
            let requests = [5, 33].map {
                TinyModel.request(TinyModel.prompt($0, model: model), count: 2)
            }
            let kernel = try Engine(model).generate(requests)
            let engine = try Engine(model)
            engine.store = try GatheredStore(
                plan: engine.plan, layers: model.config.layerCount,
                keyHeads: model.config.keyHeadCount, headWidth: model.config.headWidth,
                dtype: model.dtype, device: model.device)
            let gathered = try engine.generate(requests)
            #expect(kernel.map { $0.map(\.tokens) } == gathered.map { $0.map(\.tokens) })
        }
    }

    @Test func endTokensStopAndStay() throws {
        let model = try TinyModel.load("llama-three")
        let request = TinyModel.request(TinyModel.prompt(9, model: model))
        let free = try Engine(model).generate([request])[0][0]
        let engine = try Engine(model)
        engine.endTokens = [free.tokens[7]]
        let first = try #require(free.tokens.firstIndex(of: free.tokens[7]))
        let stopped = try engine.generate([request])[0][0]
        #expect(stopped.tokens == Array(free.tokens[...first]))
        #expect(stopped.finishReason == .stop)
        #expect(stopped.logProbabilities == Array(free.logProbabilities[...first]))
    }

    /// Stops after the third token whatever it is.
    private struct AfterThree: StopCondition {
        struct Matcher: StopMatcher {
            var seen = 0
            mutating func consume(_ token: Int32) -> Bool {
                seen += 1
                return seen == 3
            }
        }
        func makeMatcher() -> any StopMatcher { Matcher() }
    }

    @Test func aStopConditionFollowsEachCompletionByItself() throws {
        let model = try TinyModel.load("llama-three")
        let request = TinyModel.request(TinyModel.prompt(9, model: model), count: 3)
        let completions = try Engine(model, rows: 2).generate([request], stop: AfterThree())[0]
        #expect(completions.map(\.tokens.count) == [3, 3, 3])
        #expect(completions.allSatisfy { $0.finishReason == .stop })
    }

    @Test func stopTokensBelongToOneRequest() throws {
        let model = try TinyModel.load("llama-three")
        let request = TinyModel.request(TinyModel.prompt(9, model: model))
        let free = try Engine(model).generate([request])[0][0]
        let first = try #require(free.tokens.firstIndex(of: free.tokens[5]))
        let engine = try Engine(model)
        let stopping = try engine.submit(request, stop: StopTokens([free.tokens[5]]))
        let going = try engine.submit(request)
        var finished: [RequestID: Completion] = [:]
        while !engine.isIdle {
            for case .finished(let id, _, let completion) in try engine.step() {
                finished[id] = completion
            }
        }
        #expect(finished[stopping]?.tokens == Array(free.tokens[...first]))
        #expect(finished[stopping]?.finishReason == .stop)
        #expect(finished[going]?.tokens == free.tokens)
    }

    @Test func impossibleRequestsAreRefusedBeforeWork() throws {
        let model = try TinyModel.load("llama-three")
        let engine = try Engine(model, bytes: 64 << 10)
        let longest = model.config.maximumLength
        func refuses(_ request: GenerationRequest, _ matches: (EngineError) -> Bool) {
            #expect {
                try engine.generate([request])
            } throws: {
                ($0 as? EngineError).map(matches) ?? false
            }
            #expect(engine.isIdle)
        }
        refuses(TinyModel.request([])) { $0 == .emptyPrompt }
        refuses(TinyModel.request([1, -1])) {
            $0 == .unknownToken(token: -1, vocabularySize: model.config.vocabularySize)
        }
        refuses(TinyModel.request(Array(repeating: 1, count: longest))) {
            $0 == .promptTooLong(tokens: longest, maximumLength: longest - 1)
        }
        for parameters in [
            SamplingParameters(temperature: -1), SamplingParameters(topP: 0),
            SamplingParameters(topK: -1), SamplingParameters(minP: 1),
            SamplingParameters(repetitionPenalty: 0), SamplingParameters(maxTokens: 0),
            SamplingParameters(temperature: .nan),
        ] {
            refuses(TinyModel.request([1], parameters)) {
                guard case .invalidParameter = $0 else { return false }
                return true
            }
        }
        let room = engine.cacheTokens
        refuses(
            TinyModel.request(
                Array(repeating: 1, count: 10), SamplingParameters(maxTokens: room + 20))
        ) {
            guard case .cacheTooSmall(let needed, let available, _, let budget) = $0 else {
                return false
            }
            return needed > available && available == room && budget == 64 << 10
        }
    }

    @Test func theModelsLongestInputEndsACompletion() throws {
        let model = try TinyModel.load("llama-three")
        let prompt = TinyModel.prompt(model.config.maximumLength - 3, model: model)
        let completion = try Engine(model).generate([TinyModel.request(prompt)])[0][0]
        #expect(completion.tokens.count == 3)
        #expect(completion.finishReason == .length)
    }

    @Test func stepsTellEachTokenAndCancelForgets() throws {
        let model = try TinyModel.load("qwen3-tied")
        let engine = try Engine(model)
        let first = try engine.submit(
            TinyModel.request(TinyModel.prompt(8, model: model), count: 2))
        var events = try engine.step()
        // The prompt's own logits give the first token of both, and the same step decodes once.
        #expect(events.count == 4)
        let second = try engine.submit(
            TinyModel.request(TinyModel.prompt(6, model: model), row: 1))
        events += try engine.step()
        engine.cancel(first)
        while !engine.isIdle { events += try engine.step() }
        var tokens: [Int32] = []
        var finished: [RequestID: Completion] = [:]
        for event in events {
            switch event {
            case .token(let request, _, let token, _, _):
                if request == second { tokens.append(token) }
            case .finished(let request, _, let completion): finished[request] = completion
            }
        }
        #expect(finished.keys.sorted() == [second])
        #expect(finished[second]?.tokens == tokens)
        #expect(engine.scheduler.freeBlockCount == engine.plan.blockCount)
        #expect(try engine.step().isEmpty)
    }

    @Test func aChangedWeightCountsAtOnce() throws {
        let model = try TinyModel.load("llama-three")
        let engine = try Engine(model)
        let prompt = TinyModel.prompt(9, model: model)
        let request = TinyModel.request(prompt)
        let before = try engine.generate([request])[0][0]
        try model.addAdapter(LoRAConfig(rank: 4, alpha: 64), seed: 1)
        #expect(try engine.generate([request])[0][0].tokens == before.tokens)
        try withoutGradients {
            for (index, parameter) in model.trainableParameters.enumerated() {
                let noise = try Tensor.randn(parameter.tensor.shape, seed: UInt64(index))
                try parameter.tensor.add_(noise, scale: 0.05)
            }
        }
        let after = try engine.generate([request])[0][0]
        #expect(after.tokens != before.tokens)
        let scored = try TinyModel.score(model, prompt: prompt, completion: after.tokens)
        for (a, b) in zip(scored, after.logProbabilities) { #expect(abs(a - Double(b)) < 1e-4) }
        model.adapterEnabled = false
        #expect(try engine.generate([request])[0][0] == before)
    }

    /// In a process of its own, where no other test's tensors are counted.
    @Test func aReleasedCacheComesBack() async {
        await #expect(processExitsWith: .success) {
            let model = try TinyModel.load("llama-three")
            let engine = try Engine(model)
            let request = TinyModel.request(TinyModel.prompt(9, model: model))
            let before = try engine.generate([request])
            let tensors = liveTensorCount
            engine.releaseCache()
            #expect(liveTensorCount == tensors - 2 * model.config.layerCount)
            #expect(try engine.generate([request]) == before)
        }
    }

    @Test func logitsThatAreNotFiniteAreAnErrorAndLeaveAnEmptyEngine() throws {
        let model = try TinyModel.load("llama-three")
        let engine = try Engine(model)
        try withoutGradients {
            for parameter in try model.publishedParameters() where parameter.name.contains("norm") {
                try parameter.tensor.fill_(Double.nan)
            }
        }
        #expect(throws: EngineError.logitsNotFinite(request: 0, member: 0, position: 0)) {
            try engine.generate([TinyModel.request([1, 2, 3])])
        }
        #expect(engine.isIdle)
    }
}
