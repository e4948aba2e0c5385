import Foundation
import HoneCore
import HoneInference
import HoneText
import HoneTraining

/// A conversation on standard input and output.
struct ChatSession {
    private let engine: Engine
    private let reader: PromptReader
    private let parameters: SamplingParameters
    private let seed: UInt64
    private let stop: (any StopCondition)?
    private var system: String?
    private var history: [ChatMessage] = []
    /// Answers so far, also those that were forgotten: each draws numbers of its own.
    private var answers = 0
    private let interruption = Interruption()
    private let isTerminal = isatty(STDIN_FILENO) == 1

    init(
        engine: Engine, reader: PromptReader, parameters: SamplingParameters, seed: UInt64,
        stop: (any StopCondition)?, system: String?
    ) {
        self.engine = engine
        self.reader = reader
        self.parameters = parameters
        self.seed = seed
        self.stop = stop
        self.system = system
    }

    /// What a line of input asks for.
    enum Input: Equatable {
        case message(String)
        case reset
        case system(String)
        case exit
        case unknown(String)

        init(_ line: String) {
            let trimmed = line.trimmingCharacters(in: .whitespaces)
            guard trimmed.hasPrefix("/") else {
                self = .message(line)
                return
            }
            let parts = trimmed.split(separator: " ", maxSplits: 1)
            switch parts[0] {
            case "/reset": self = .reset
            case "/system": self = .system(parts.count > 1 ? String(parts[1]) : "")
            case "/exit", "/quit": self = .exit
            default: self = .unknown(String(parts[0]))
            }
        }
    }

    mutating func run() throws {
        if isTerminal {
            StandardError.write(
                line: "/reset forgets, /system TEXT, /exit; Ctrl-C stops an answer.")
        }
        while let line = nextLine() {
            switch Input(line) {
            case .exit: return
            case .reset: history = []
            case .system(let text):
                system = text.isEmpty ? nil : text
                history = []
            case .unknown(let name):
                StandardError.write(line: "\(name)? There are /reset, /system TEXT and /exit.")
            case .message(let text):
                if text.allSatisfy(\.isWhitespace) { continue }
                try answer(text)
            }
        }
        if isTerminal { StandardOutput.write("\n") }
    }

    /// A line, joined with those after it while it ends with a backslash.
    private func nextLine() -> String? {
        if isTerminal { StandardOutput.write("> ") }
        guard var line = interruption.whileWaiting({ readLine() }) else { return nil }
        while line.hasSuffix("\\"), let more = interruption.whileWaiting({ readLine() }) {
            line = line.dropLast() + "\n" + more
        }
        return line
    }

    private mutating func answer(_ text: String) throws {
        let asked = history + [ChatMessage(role: "user", content: text)]
        let instructions = system.map { [ChatMessage(role: "system", content: $0)] } ?? []
        let id: RequestID
        do {
            let request = GenerationRequest(
                promptTokens: try reader.tokens(of: instructions + asked), count: 1,
                parameters: parameters, stream: RandomStream(seed: seed, row: answers))
            engine.prepare(for: request)
            id = try engine.submit(request, stop: stop)
        } catch {
            // Too long a conversation, or a template that refuses it: the user can do something.
            StandardError.write(line: "\(error)")
            return
        }
        answers += 1
        var decoder = StreamingDecoder(reader.text.tokenizer, skipSpecialTokens: true)
        var said = ""
        func say(_ piece: String) {
            said += piece
            StandardOutput.write(piece)
        }
        interruption.clear()
        while !engine.isIdle {
            for case .token(_, _, let token, _, _) in try engine.step() {
                say(decoder.append(token))
            }
            if interruption.isRaised { engine.cancel(id) }
        }
        say(decoder.finish())
        StandardOutput.write("\n")
        history = asked + [ChatMessage(role: "assistant", content: said)]
    }
}
