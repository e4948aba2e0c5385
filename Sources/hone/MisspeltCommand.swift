import ArgumentParser
import HoneCore

/// A word in the place of a subcommand that is none, and what may have been meant.
struct MisspeltCommand: CustomStringConvertible {
    /// The command that was to have a subcommand: `hone`, `hone runs`.
    let command: String
    let word: String
    let known: [String]

    /// `nil` where the words of `arguments` before the first option lead to a command.
    init?(in arguments: [String], of root: any ParsableCommand.Type) {
        var (command, names) = (root, [root._commandName])
        for word in arguments {
            let subcommands = command.configuration.subcommands
            guard !subcommands.isEmpty, !word.hasPrefix("-") else { return nil }
            if word == "help" { continue }
            guard let next = subcommands.first(where: { $0._commandName == word }) else {
                self.command = names.joined(separator: " ")
                self.word = word
                known = subcommands.map { $0._commandName }
                return
            }
            (command, names) = (next, names + [word])
        }
        return nil
    }

    var description: String {
        let remedy =
            KeySuggestion.nearest(to: word, among: known).map { "did you mean \(command) \($0)?" }
            ?? "there are \(known.joined(separator: ", "))"
        return "\(command) has no command \(word); \(remedy)"
    }
}
