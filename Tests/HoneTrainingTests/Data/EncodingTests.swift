import HoneCore
import HoneTraining
import OrderedCollections
import Testing

/// One token a byte; BOS is 256.
struct ByteEncoding: TextEncoding {
    func encode(_ text: String, addSpecialTokens: Bool) -> [Int32] {
        (addSpecialTokens ? [256] : []) + text.utf8.map(Int32.init)
    }
}

/// `[user]hi;` a message; an answer begins with `[assistant]`.
struct BracketTemplate: ConversationRendering {
    /// Whether earlier answers are left out, as templates of reasoning models do.
    var forgets = false

    func render(_ messages: [ChatMessage], ending: ConversationEnding) -> String {
        var text = ""
        for (index, message) in messages.enumerated() {
            let isLast = index == messages.count - 1
            let hides = forgets && message.role == "assistant" && !isLast
            text += "[\(message.role)]" + (hides ? "" : message.content)
            if !isLast || ending != .lastMessageContinues { text += ";" }
        }
        return ending == .answerBegins ? text + "[assistant]" : text
    }
}

@Suite struct PromptEncoderTests {
    let encoder = PromptEncoder(tokenizer: ByteEncoding(), template: BracketTemplate())

    static func row(_ prompt: DatasetRow.Prompt, _ index: Int = 0) -> DatasetRow {
        DatasetRow(index: index, prompt: prompt, columns: [:])
    }

    @Test func textKeepsTheTokenizersSpecialTokens() throws {
        let prompt = try encoder.encode(Self.row(.text("ab")))
        #expect(prompt.text == "ab")
        #expect(prompt.tokens == [256, 97, 98])
    }

    @Test func aConversationOpensAnAnswer() throws {
        let messages = [ChatMessage(role: "user", content: "hi")]
        let prompt = try encoder.encode(Self.row(.messages(messages)))
        #expect(prompt.text == "[user]hi;[assistant]")
        #expect(prompt.tokens == prompt.text.utf8.map(Int32.init))
    }

    @Test func aPrefillStaysOpen() throws {
        let messages = [
            ChatMessage(role: "user", content: "hi"),
            ChatMessage(role: "assistant", content: "<think>"),
        ]
        let prompt = try encoder.encode(Self.row(.messages(messages)))
        #expect(prompt.text == "[user]hi;[assistant]<think>")
    }

    @Test func aConversationNeedsAChatTemplate() {
        let plain = PromptEncoder(tokenizer: ByteEncoding(), template: nil)
        #expect(throws: EncodingError.noChatTemplate(row: 4)) {
            try plain.encode(Self.row(.messages([ChatMessage(role: "user", content: "hi")]), 4))
        }
    }

    @Test func rowsThatAreTooLongMeetTheirPolicy() throws {
        let rows = DatasetRows([Self.row(.text("ab"), 0), Self.row(.text("abcdef"), 1)])
        let dropped = try encoder.encode(
            rows, limit: LengthLimit(tokens: 4, overlong: .drop), path: "d")
        #expect(dropped.prompts.map(\.row.index) == [0])
        #expect(dropped.report.dropped == 1 && dropped.report.longest == 7)
        let cut = try encoder.encode(
            rows, limit: LengthLimit(tokens: 4, overlong: .truncate), path: "d")
        // The last four tokens: the end of a prompt matters most.
        #expect(cut.prompts[1].tokens == [99, 100, 101, 102])
        #expect(cut.report.truncated == 1)
        #expect {
            try encoder.encode(rows, limit: LengthLimit(tokens: 4, overlong: .refuse), path: "d")
        } throws: { "\($0)".contains("row 1 (7)") }
        let free = try encoder.encode(
            rows, limit: LengthLimit(tokens: nil, overlong: .drop), path: "d")
        #expect(free.prompts.count == 2 && free.report.warning("prompts", limit: nil) == nil)
    }
}

@Suite struct PromptStreamTests {
    static func stream(
        _ count: Int, perStep: Int = 3, extent: PromptStream.Extent, limit: Int? = nil,
        length: (Int) -> Int = { _ in 2 }, shuffles: Bool = true
    ) throws -> PromptStream {
        try PromptStream(
            rows: DatasetRows(
                (0..<count).map { index in
                    PromptEncoderTests.row(
                        .text(String(repeating: "x", count: length(index))), index)
                }),
            encoder: PromptEncoder(tokenizer: ByteEncoding(), template: nil),
            limit: LengthLimit(tokens: limit, overlong: .drop), promptsPerStep: perStep,
            extent: extent, seed: 3, shuffles: shuffles, path: "d")
    }

    @Test func everyRowComesOnceAnEpoch() throws {
        let stream = try Self.stream(12, extent: .epochs(2))
        #expect(stream.steps(.epochs(2)) == 8)
        let first = try (1...4).flatMap { try stream.prompts(step: $0).map(\.row.index) }
        #expect(first.sorted() == Array(0..<12))
        #expect(stream.epoch(step: 1) == 0 && stream.epoch(step: 5) == 1)
    }

    @Test func aShortRunVisitsTheRowsThatALongOneBeginsWith() throws {
        let tooLong: (Int) -> Int = { $0 % 5 == 0 ? 50 : 2 }
        let long = try Self.stream(40, extent: .epochs(3), limit: 10, length: tooLong)
        let short = try Self.stream(40, extent: .steps(6), limit: 10, length: tooLong)
        for step in 1...6 {
            #expect(try short.prompts(step: step) == long.prompts(step: step))
        }
        #expect(throws: DatasetError.self) { try short.prompts(step: 20) }
    }

    @Test func rowsThatAreTooLongNeverCome() throws {
        let stream = try Self.stream(
            10, extent: .epochs(4), limit: 10, length: { $0 == 4 ? 50 : 2 })
        #expect(stream.rowCount == 9)
        #expect(stream.report.dropped == 1)
        let seen = try (1...12).flatMap { try stream.prompts(step: $0).map(\.row.index) }
        #expect(Set(seen) == Set(0..<10).subtracting([4]))
    }

    @Test func tooFewRowsForAStepAreRefused() {
        #expect(throws: DatasetError.self) { try Self.stream(2, extent: .steps(1)) }
        #expect(throws: DatasetError.self) {
            try Self.stream(5, extent: .epochs(1), limit: 1)
        }
    }
}

@Suite struct SupervisedEncoderTests {
    static func encoder(
        onlyCompletion: Bool = true, turns: SFTConfig.AssistantTurns = .last, forgets: Bool = false
    ) -> SupervisedEncoder {
        SupervisedEncoder(
            prompts: PromptEncoder(
                tokenizer: ByteEncoding(), template: BracketTemplate(forgets: forgets)),
            endToken: 257, completionOnlyLoss: onlyCompletion, assistantTurns: turns)
    }

    static func row(_ content: SupervisedRow.Content) -> SupervisedRow {
        SupervisedRow(index: 0, content: content, columns: [:])
    }

    /// The learnt tokens as text, `$` for the end token.
    static func learnt(_ example: SupervisedExample) -> String {
        zip(example.tokens, example.isTrained).filter(\.1)
            .map { $0.0 == 257 ? "$" : String(UnicodeScalar(UInt8($0.0))) }.joined()
    }

    static let dialogue: [ChatMessage] = [
        ChatMessage(role: "user", content: "a"), ChatMessage(role: "assistant", content: "b"),
        ChatMessage(role: "user", content: "c"), ChatMessage(role: "assistant", content: "d"),
    ]

    @Test func learnsTheCompletionAndItsEnd() throws {
        let example = try Self.encoder().encode(
            Self.row(.completion(prompt: .text("2+2="), completion: "4")))
        #expect(example.tokens == [256, 50, 43, 50, 61, 52, 257])
        #expect(Self.learnt(example) == "4$")
    }

    @Test func learnsEverythingButTheFirstTokenWhenAsked() throws {
        let example = try Self.encoder(onlyCompletion: false).encode(
            Self.row(.completion(prompt: .text("2="), completion: "2")))
        #expect(example.isTrained == [false, true, true, true, true])
    }

    @Test func learnsWholeTexts() throws {
        let example = try Self.encoder().encode(Self.row(.text("ab")))
        #expect(example.tokens == [256, 97, 98, 257])
        #expect(Self.learnt(example) == "ab$")
    }

    @Test func anAnswerEndsAsTheTemplateSays() throws {
        let prompt = DatasetRow.Prompt.messages([ChatMessage(role: "user", content: "a")])
        let example = try Self.encoder().encode(
            Self.row(.completion(prompt: prompt, completion: "b")))
        #expect(Self.learnt(example) == "b;")
    }

    @Test func aPrefillIsNotLearnt() throws {
        let prompt = DatasetRow.Prompt.messages([
            ChatMessage(role: "user", content: "a"),
            ChatMessage(role: "assistant", content: "<t>"),
        ])
        let example = try Self.encoder().encode(
            Self.row(.completion(prompt: prompt, completion: "b")))
        #expect(Self.learnt(example) == "b;")
    }

    @Test func learnsTheLastAnswerOrAll() throws {
        let last = try Self.encoder().encode(Self.row(.conversation(Self.dialogue)))
        #expect(Self.learnt(last) == "d;")
        let all = try Self.encoder(turns: .all).encode(Self.row(.conversation(Self.dialogue)))
        #expect(Self.learnt(all) == "b;d;")
        #expect(all.tokens == last.tokens)
    }

    @Test func aTemplateThatForgetsCannotTeachAllAnswers() throws {
        #expect(throws: EncodingError.unstableTemplate(row: 0)) {
            try Self.encoder(turns: .all, forgets: true).encode(
                Self.row(.conversation(Self.dialogue)))
        }
        let last = try Self.encoder(forgets: true).encode(Self.row(.conversation(Self.dialogue)))
        #expect(Self.learnt(last) == "d;")
    }

    @Test func nothingToLearnIsAnError() {
        var encoder = Self.encoder()
        encoder.endToken = nil
        #expect(throws: EncodingError.nothingToLearn(row: 0)) {
            try encoder.encode(Self.row(.completion(prompt: .text("x"), completion: "")))
        }
    }
}

@Suite struct ExampleStreamTests {
    static func stream(
        lengths: [Int], batch: SFTConfig.Batch, limit: LengthLimit? = nil
    ) throws -> ExampleStream {
        try ExampleStream(
            rows: DatasetRows(
                lengths.enumerated().map { index, length in
                    SupervisedRow(
                        index: index, content: .text(String(repeating: "x", count: length)),
                        columns: [:])
                }),
            encoder: SupervisedEncoderTests.encoder(),
            limit: limit ?? LengthLimit(tokens: nil, overlong: .drop), batch: batch, seed: 1,
            shuffles: false, path: "d")
    }

    @Test func takesRowsByNumber() throws {
        let stream = try Self.stream(lengths: [1, 2, 3, 4, 5], batch: .rows(2))
        #expect(stream.steps(.epochs(1)) == 3)
        // A text of n letters has n + 2 tokens: one before, one after.
        #expect(try stream.examples(step: 2).map(\.tokens.count) == [5, 6])
        #expect(try stream.examples(step: 3).map(\.tokens.count) == [7, 3])
        #expect(stream.epoch(step: 3) == 0.8)
    }

    @Test func takesRowsByTokens() throws {
        // Tokens a row: 3, 4, 5, 6, 7. Within 10: [3, 4], [5], [6], [7, 3], [4, 5], [6], ….
        let stream = try Self.stream(lengths: [1, 2, 3, 4, 5], batch: .tokens(10))
        let steps = try (1...6).map { try stream.examples(step: $0).map(\.tokens.count) }
        #expect(steps == [[3, 4], [5], [6], [7, 3], [4, 5], [6]])
        #expect(stream.steps(.epochs(1)) == 4)
        #expect(stream.steps(.epochs(2)) == 7)
    }

    @Test func theStepDoesNotDependOnWhatWasAskedBefore() throws {
        let walked = try Self.stream(lengths: [1, 2, 3, 4, 5], batch: .tokens(10))
        let all = try (1...9).map { try walked.examples(step: $0) }
        let resumed = try Self.stream(lengths: [1, 2, 3, 4, 5], batch: .tokens(10))
        #expect(try resumed.examples(step: 9) == all[8])
        #expect(try resumed.examples(step: 2) == all[1])
    }

    @Test func rowsThatAreTooLongMeetTheirPolicy() throws {
        let lengths = [2, 20]
        let dropped = try Self.stream(
            lengths: lengths, batch: .rows(1), limit: LengthLimit(tokens: 8, overlong: .drop))
        #expect(dropped.rowCount == 1 && dropped.report.dropped == 1)
        let cut = try Self.stream(
            lengths: lengths, batch: .rows(1), limit: LengthLimit(tokens: 8, overlong: .truncate))
        #expect(try cut.examples(step: 2)[0].tokens.count == 8)
        #expect(cut.report.truncated == 1)
        #expect(throws: DatasetError.self) {
            try Self.stream(
                lengths: lengths, batch: .rows(1),
                limit: LengthLimit(tokens: 8, overlong: .refuse))
        }
    }
}
