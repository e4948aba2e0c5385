import HoneCore
import OrderedCollections
import Testing

@testable import HoneTraining

@Suite struct RolloutMakerTests {
    /// Finishes the last request first and waits with the others until that group is graded.
    private struct Backwards: Sampler {
        let graded: Mark

        func sample(_ requests: [GenerationRequest]) async throws -> [[Completion]] {
            requests.map(Self.group)
        }

        func sample(
            _ requests: [GenerationRequest],
            finished: @escaping @Sendable (Int, [Completion]) -> Void
        ) async throws -> [[Completion]] {
            for place in requests.indices.reversed() {
                finished(place, Self.group(requests[place]))
                while await graded.count < requests.count - place { await Task.yield() }
            }
            return requests.map(Self.group)
        }

        private static func group(_ request: GenerationRequest) -> [Completion] {
            (0..<request.count).map { member in
                Completion(
                    tokens: [Int32(10 * request.stream.row + member)], logProbabilities: [0],
                    rawLogProbabilities: [0], finishReason: .stop)
            }
        }
    }

    private actor Mark {
        private(set) var count = 0
        func add() { count += 1 }
    }

    private struct Digits: TextDecoding {
        func text(of tokens: [Int32]) -> String { tokens.map { "\($0)" }.joined() }
    }

    private struct Value: Grader {
        let graded: Mark
        func functions() -> [FunctionInForce] { [.init("value")] }

        func grade(_ requests: [GradingRequest]) async throws -> [[Verdict]] {
            await graded.add()
            return requests.map { request in
                request.completions.map {
                    .scored(Reward(total: Double($0) ?? -1, components: []))
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func aGroupIsGradedWhileOthersAreDrawnAndOrderDoesNotChange() async throws {
        let graded = Mark()
        let maker = RolloutMaker(
            groupSize: 2, sampling: SamplingParameters(), seed: 1,
            sampler: Backwards(graded: graded), decoder: Digits(), grader: Value(graded: graded))
        let prompts = [4, 7, 9].map {
            EncodedPrompt(
                row: DatasetRow(index: $0, prompt: .text("p"), columns: [:]), text: "p", tokens: [1]
            )
        }
        // The sampler would never end if grading waited for it.
        let groups = try await maker.groups(
            of: prompts, at: RolloutMaker.Moment(step: 1, draw: 1, epoch: 0)
        ).groups
        #expect(groups.map(\.prompt.row.index) == [4, 7, 9])
        #expect(groups.map(\.rewards) == [[40, 41], [70, 71], [90, 91]])
    }

    @Test func whatStopsTheSamplerStopsTheStep() async throws {
        struct Broken: Sampler {
            func sample(_ requests: [GenerationRequest]) async throws -> [[Completion]] {
                throw DatasetError.beyondTheRun(step: 1)
            }
        }
        let maker = RolloutMaker(
            groupSize: 2, sampling: SamplingParameters(), seed: 1, sampler: Broken(),
            decoder: Digits(), grader: Value(graded: Mark()))
        await #expect(throws: DatasetError.self) {
            try await maker.groups(
                of: EvaluatorTests.prompts([1]),
                at: RolloutMaker.Moment(step: 1, draw: 1, epoch: 0))
        }
    }
}
