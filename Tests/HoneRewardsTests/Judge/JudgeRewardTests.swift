import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

@testable import HoneRewards

@Suite(.serialized) struct JudgeRewardTests {
    /// A judge that asks `model` of `server` for a number from 0 to 10.
    static func judge(
        _ model: String, at server: JudgeServer,
        scale: JudgeScale = .number(lowest: 0, highest: 10),
        key: String? = nil, timeout: Duration = .seconds(60), deadline: Duration = .seconds(90),
        attempts: Int = 4, concurrency: Int = 8, perMinute: Double? = nil, fallback: Double? = nil,
        price: JudgePrice = JudgePrice(), cache: JudgeCache? = nil, structured: Bool = true
    ) throws -> JudgeReward {
        JudgeReward(
            name: "judge",
            endpoint: HTTPChatEndpoint(
                base: server.base, key: key, timeout: timeout,
                retries: RetryPolicy(attempts: attempts, firstWait: 0.02), concurrency: concurrency,
                requestsPerMinute: perMinute),
            address: server.base,
            question: JudgeQuestion(
                model: model,
                prompt: TemplatePrompt(
                    system: "Judge.", template: try TextTemplate("{prompt} → {completion}")),
                scale: scale, sampling: ChatSampling(maxTokens: 64), isStructured: structured),
            deadline: deadline, fallback: fallback, price: price, cache: cache)
    }

    @Test func aNumberIsScaledAndItsCostCounted() async throws {
        let server = try JudgeServer()
        let judge = try Self.judge("good", at: server, price: JudgePrice(input: 1000, output: 2000))
        let assessments = await judge.assess(gradingRequest(["a", "b"]))
        #expect(assessments.map(\.value) == [0.8, 0.8])
        let metrics = Dictionary(
            uniqueKeysWithValues: await judge.takeMetrics().map { ($0.name, $0.value) })
        #expect(metrics["judge/judge/questions"] == 2)
        #expect(metrics["judge/judge/tokens"] == 26)
        // Twice 10 tokens at 1000 and 3 at 2000 a million.
        #expect(abs((metrics["judge/judge/cost"] ?? 0) - 0.032) < 1e-12)
        #expect((metrics["judge/judge/latency_mean"] ?? 0) > 0)
        #expect(await judge.takeMetrics().first?.value == 0)
    }

    @Test(arguments: ["busy", "broken", "garbage", "closed"])
    func whatMayPassIsTriedAgain(_ model: String) async throws {
        let server = try JudgeServer()
        let judge = try Self.judge(model, at: server)
        #expect(await judge.assess(gradingRequest(["a"])).map(\.value) == [0.8])
        #expect(await judge.takeMetrics().first { $0.name == "judge/judge/retries" }?.value == 2)
    }

    @Test func retryAfterIsHonoured() async throws {
        let server = try JudgeServer()
        let begun = ContinuousClock.now
        let judge = try Self.judge("later", at: server)
        #expect(await judge.assess(gradingRequest(["a"])).map(\.value) == [0.8])
        #expect(ContinuousClock.now - begun >= .seconds(1))
    }

    @Test func whatWillNotPassFailsAtOnceInTheServersWords() async throws {
        let server = try JudgeServer()
        let wrong = await (try Self.judge("key", at: server, key: "wrong"))
            .assess(gradingRequest(["a"]))[0]
        #expect(
            wrong.failure?.message == "the endpoint refused with status 401: wrong key")
        #expect(try await server.report().contains("\"key\": 1"))
        let right = try Self.judge("key", at: server, key: "right-key")
        #expect(await right.assess(gradingRequest(["a"])).map(\.value) == [0.8])
    }

    @Test func aServerThatStaysDownIsGivenUp() async throws {
        let server = try JudgeServer()
        let failed = await (try Self.judge("never", at: server, attempts: 3))
            .assess(gradingRequest(["a"]))[0]
        #expect(
            failed.failure?.message
                == "no answer after 3 tries: status 503: down for ever")
        let nowhere = HTTPChatEndpoint(
            base: "http://127.0.0.1:1/v1", retries: RetryPolicy(attempts: 1))
        await #expect(throws: ChatFailure.self) {
            try await nowhere.answer(
                ChatRequest(model: "m", messages: []), before: .now + .seconds(60))
        }
    }

    @Test func aGroupHasOneDeadline() async throws {
        let server = try JudgeServer()
        let begun = ContinuousClock.now
        let judge = try Self.judge(
            "slow", at: server, deadline: .milliseconds(400), concurrency: 1)
        let late = await judge.assess(gradingRequest(["a", "b", "c"]))
        #expect(late.allSatisfy { $0.failure?.kind == .timedOut })
        // One answer takes the server 60 seconds.
        #expect(ContinuousClock.now - begun < .seconds(50))
    }

    /// A gigabyte, an answer that never ends, a document a million levels deep, an infinite score, a wait of
    /// 10³⁰⁰ seconds: a failure each, soon and without the memory that it would take.
    @Test(arguments: ["flood", "dribble", "deep", "numbers", "patient"])
    func aHostileServerIsAFailure(_ model: String) async throws {
        let server = try JudgeServer()
        let begun = ContinuousClock.now
        let judge = try Self.judge(
            model, at: server, timeout: .seconds(5), deadline: .seconds(12), attempts: 2)
        let failed = await judge.assess(gradingRequest(["a"]))[0]
        #expect(failed.failure != nil, "\(failed)")
        #expect(ContinuousClock.now - begun < .seconds(60))
    }

    @Test func theFallbackStandsForWhatDidNotCome() async throws {
        let server = try JudgeServer()
        let judge = try Self.judge("never", at: server, attempts: 1, fallback: 0.25)
        let assessment = await judge.assess(gradingRequest(["a"]))[0]
        #expect(assessment.value == 0.25)
        #expect(assessment.warning?.hasPrefix("scored the fallback 0.25: no answer") == true)
    }

    @Test func anAnswerWithoutAScoreIsAFailure() async throws {
        let server = try JudgeServer()
        let assessment = await (try Self.judge("mute", at: server)).assess(gradingRequest(["a"]))[0]
        #expect(
            assessment.failure?.message
                == "the judge gave no score from 0 to 10; it said: I would rather not say.")
    }

    @Test func labelsAndCriteriaScore() async throws {
        let server = try JudgeServer()
        let labels = try Self.judge(
            "label", at: server, scale: .labels(["good": 1, "fair": 0.5, "bad": 0]))
        #expect(await labels.assess(gradingRequest(["a"])).map(\.value) == [0.5])
        // kind 10 of 10 with weight 3, true 5 of 10 with weight 1: (3 · 1 + 0.5) / 4.
        let criteria = try Self.judge(
            "criteria", at: server,
            scale: .criteria(
                [
                    .init(name: "kind", question: "Is it kind?", weight: 3),
                    .init(name: "true", question: "Is it true?"),
                ], lowest: 0, highest: 10))
        #expect(await criteria.assess(gradingRequest(["a"])).map(\.value) == [0.875])
    }

    @Test func aSchemaIsSentWhereStructureIsAskedFor() async throws {
        let server = try JudgeServer()
        // The server answers with the number of properties: reason and score.
        let judge = try Self.judge("schema", at: server)
        #expect(await judge.assess(gradingRequest(["a"])).map(\.value) == [0.2])
    }

    @Test func theSameQuestionIsPaidOnceAlsoByTheNextRun() async throws {
        let server = try JudgeServer()
        let scratch = try ScratchFolder()
        let file = scratch.url.appending(path: "judge/answers.jsonl")
        let first = try Self.judge("echo", at: server, cache: JudgeCache(file))
        let said = await first.assess(gradingRequest(["a", "bc"])).map(\.value)
        // A crash in the middle of a line loses that line only.
        let handle = try FileHandle(forWritingTo: file)
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("{\"key\":\"12".utf8))
        try handle.close()
        let second = try Self.judge("echo", at: server, cache: JudgeCache(file))
        #expect(
            await second.assess(gradingRequest(["a", "bc", "def"])).map(\.value).prefix(2)
                == said[...])
        let metrics = await second.takeMetrics()
        #expect(metrics.first { $0.name == "judge/judge/cached" }?.value == 2)
        let third = try Self.judge("echo", at: server, cache: JudgeCache(file))
        _ = await third.assess(gradingRequest(["def"]))
        #expect(await third.takeMetrics().first { $0.name == "judge/judge/cached" }?.value == 1)
        #expect(try await server.report().contains("\"echo\": 3"))
    }

    @Test func onlySoManyQuestionsRunAtOnceAndInAMinute() async throws {
        let server = try JudgeServer()
        let judge = try Self.judge("crowd", at: server, concurrency: 2)
        let assessments = await judge.assess(gradingRequest((0..<8).map(String.init)))
        #expect(assessments.allSatisfy { $0.value == 0.8 })
        #expect(try await server.report().contains("\"most\": 2"))
        // 5 questions at 1,200 a minute begin over 4 intervals of 50 ms.
        let begun = ContinuousClock.now
        let paced = try Self.judge("good", at: server, perMinute: 1200)
        _ = await paced.assess(gradingRequest((0..<5).map(String.init)))
        #expect(ContinuousClock.now - begun >= .milliseconds(200))
    }

    @Test func aRowWithoutTheTemplatesColumnIsNamed() async throws {
        let server = try JudgeServer()
        let question = JudgeQuestion(
            model: "good",
            prompt: TemplatePrompt(
                system: "Judge.", template: try TextTemplate("{reference} {completion}")),
            scale: .number(lowest: 0, highest: 1), sampling: ChatSampling(), isStructured: false)
        let judge = JudgeReward(
            name: "judge", endpoint: HTTPChatEndpoint(base: server.base), address: "",
            question: question, deadline: .seconds(60), fallback: 1, price: JudgePrice(), cache: nil
        )
        let failure = await judge.assess(gradingRequest(["a"], columns: ["x": 1]))[0].failure
        #expect(
            failure?.message == "row 0 has no reference, which the judge's template names; it has "
                + "x, prompt, completion")
    }
}
