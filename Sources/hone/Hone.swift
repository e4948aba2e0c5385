import ArgumentParser

@main
struct Hone: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hone",
        abstract: "Reinforcement fine-tuning of language models on your own machine.",
        subcommands: [
            Doctor.self,
            Grade.self,
            Tokenize.self,
            Validate.self,
            Template.self,
        ])
}
