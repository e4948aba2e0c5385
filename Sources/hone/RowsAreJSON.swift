import ArgumentParser

/// `--json` for commands whose rows are JSON in any case, so that scripts may give it to every command.
struct RowsAreJSON: ParsableArguments {
    @Flag(help: "Changes nothing: rows of JSON are what this command prints.") var json = false
}
