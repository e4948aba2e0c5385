import ArgumentParser
import Foundation
import HoneCore
import HoneInference
import HoneTraining

struct Chat: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Talk with a model in the terminal.",
        discussion: """
            Each line is a message; a line that ends with a backslash goes on in the next. Ctrl-C \
            stops an answer; a second one, or one between answers, ends the conversation, as Ctrl-D does.

            /reset forgets the conversation, /system TEXT sets the system message (and forgets), \
            /exit ends. The model must have a chat template; for others there is hone generate.
            """)

    @OptionGroup var model: ModelOptions
    @OptionGroup var sampling: SamplingOptions

    @Option(help: "The system message.")
    var system: String?

    func run() throws {
        let language = try model.load()
        guard language.text.template != nil else {
            StandardError.write(
                line: """
                    Error: \(model.model) has no chat template, so it was not made for \
                    conversations. Use hone generate --prompt.
                    """)
            throw RowStream.badData
        }
        let engine = try sampling.engine(language)
        var session = ChatSession(
            engine: engine, reader: PromptReader(text: language.text),
            parameters: sampling.parameters, seed: sampling.seed,
            stop: sampling.stopCondition(language), system: system)
        try session.run()
    }
}
