import ArgumentParser

@main
struct Hone: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hone",
        abstract: "Reinforcement fine-tuning of language models on your own machine.",
        version: "hone \(HoneVersion.current)",
        subcommands: [
            Train.self,
            Validate.self,
            Generate.self,
            Chat.self,
            Score.self,
            Evaluate.self,
            Export.self,
            Grade.self,
            RewardsCommand.self,
            Rescore.self,
            Tokenize.self,
            Template.self,
            DataCommand.self,
            Runs.self,
            Bench.self,
            Doctor.self,
        ])
}
