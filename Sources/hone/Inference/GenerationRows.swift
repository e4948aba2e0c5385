import Foundation
import HoneCore
import HoneInference
import HoneModels
import HoneText
import OrderedCollections

/// Answers rows of prompts with rows of completions, many at a time and in the order of the input.
struct GenerationRows {
    let engine: Engine
    let reader: PromptReader
    let tokenizer: Tokenizer
    let parameters: SamplingParameters
    let count: Int
    let seed: UInt64
    let stop: (any StopCondition)?

    /// Rows read ahead of the first that is not answered: enough to keep the engine's rows busy.
    private static let window = 512

    private enum State {
        /// Waits until those before it that need other rotary angles are done.
        case waiting(GenerationRequest)
        case running(RequestID, done: [Int: Completion])
        case failed(any Error)
    }

    func answer(_ stream: RowStream) throws {
        var stream = stream
        /// Rows from the first unanswered on.
        var pending: [(index: Int, state: State)] = []
        var places: [RequestID: Int] = [:]
        var answered = 0
        var isAtEnd = false
        while true {
            while !isAtEnd, pending.count < Self.window {
                guard let row = try stream.next() else {
                    isAtEnd = true
                    break
                }
                pending.append((row.index, read(row)))
            }
            for place in pending.indices {
                guard case .waiting(let request) = pending[place].state else { continue }
                if engine.isIdle { engine.prepare(for: request) }
                guard engine.model.rotaryLength == engine.rotaryLength(of: request) else { break }
                pending[place].state = start(request)
                if case .running(let id, _) = pending[place].state { places[id] = answered + place }
            }
            for case .finished(let id, let member, let completion) in try engine.step() {
                guard let place = places[id],
                    case .running(_, var done) = pending[place - answered].state
                else { continue }
                done[member] = completion
                pending[place - answered].state = .running(id, done: done)
            }
            var finished = 0
            scan: for (index, state) in pending {
                switch state {
                case .waiting: break scan
                case .failed(let error): stream.fail(error, for: index)
                case .running(let id, let done):
                    guard done.count == count else { break scan }
                    places[id] = nil
                    for (sample, completion) in done.sorted(by: { $0.key < $1.key }) {
                        stream.write(
                            CompletionPrinter.row(completion, sample: sample, tokenizer),
                            for: index)
                    }
                }
                finished += 1
            }
            pending.removeFirst(finished)
            answered += finished
            if isAtEnd, pending.isEmpty { break }
        }
        try stream.finish()
    }

    private func read(_ row: RowStream.Row) -> State {
        do {
            return .waiting(
                GenerationRequest(
                    promptTokens: try reader.tokens(of: row.content.get()), count: count,
                    parameters: parameters, stream: RandomStream(seed: seed, row: row.index)))
        } catch {
            return .failed(error)
        }
    }

    private func start(_ request: GenerationRequest) -> State {
        do {
            return .running(try engine.submit(request, stop: stop), done: [:])
        } catch {
            return .failed(error)
        }
    }
}
