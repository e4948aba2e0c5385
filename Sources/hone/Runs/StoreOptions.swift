import ArgumentParser
import HoneStore

/// Where the store is.
struct StoreOptions: ParsableArguments {
    @Option(help: "Folder of the store and of new runs (default: HONE_HOME, or .hone).")
    var home: String?

    var place: StoreHome { StoreHome(option: home) }

    /// The store; refuses where there is none.
    func open() throws -> Store { try Store(place, absence: .refuse) }
}
