import ArgumentParser
import HoneStore

/// Where the store is.
struct StoreOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Folder of the store and of new runs (default: HONE_HOME, or .hone).",
            valueName: "folder"))
    var home: String?

    var place: StoreHome { StoreHome(option: home) }

    /// The store; refuses where there is none.
    func open() throws -> Store { try Store(place, absence: .refuse) }

    /// What records a run; nil where the store cannot be written, which is told and costs the run its
    /// record, not its life.
    /// - Parameters:
    ///   - registration: the run.
    ///   - onProblem: told why nothing is recorded.
    /// - Throws: `StoreError` for a store that is damaged, of a newer version, or held by another program.
    func recorder(
        _ registration: RunRegistration, onProblem: @escaping @Sendable (String) -> Void
    ) throws -> StoreRecorder? {
        do throws(StoreError) {
            return StoreRecorder(
                store: try Store(place), registration: registration, onProblem: onProblem)
        } catch {
            guard case .unwritable = error else { throw error }
            onProblem("this run is not recorded in the store: \(error)")
            return nil
        }
    }
}

/// One run of the store.
struct RunOptions: ParsableArguments {
    @Argument(help: "Name of the run, the beginning of its name, or its folder.") var run: String
    @OptionGroup var store: StoreOptions

    func open() throws -> (store: Store, run: StoredRun) {
        let store = try store.open()
        return (store, try store.run(run))
    }
}
