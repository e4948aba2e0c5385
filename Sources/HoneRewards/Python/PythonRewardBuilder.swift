import Foundation
import HoneCore

/// Collects the Python functions of a recipe and starts the pools that run them: one for each set of
/// functions that agree on how their process is started.
struct PythonRewardBuilder {
    let folder: URL
    /// Told before work that may take minutes.
    let tell: @Sendable (String) -> Void
    private var plans: [Plan] = []

    private struct Plan {
        let terms: Terms
        var functions: [WorkerFunction]
        /// What each function declares, in their order.
        var options: [PythonRewardOptions]
        var workers: Int
    }

    /// What functions must agree on to share a process.
    private struct Terms: Hashable {
        /// Modules are known by name in a process, so those of another folder may not meet them.
        let folder: String
        let interpreter: String?
        let environment: [String]
        let memory: ByteCount
        let sandbox: WorkerSandbox.Policy
        let readable: [String]
        let network: Bool
        let packages: [String]
    }

    /// The functions by name, loaded and ready.
    struct Built {
        var functions: [String: any AssessingRewardFunction] = [:]
        /// Why others are not there.
        var faults: [RewardError] = []
        /// What the user should know: prints while loading, a missing sandbox.
        var notices: [String] = []
    }

    init(folder: URL, tell: @escaping @Sendable (String) -> Void) {
        self.folder = folder
        self.tell = tell
    }

    /// - Parameters:
    ///   - name: the reward's; differs from all others.
    ///   - function: its name in the file, unless the options say.
    ///   - timeout: seconds of one call.
    mutating func add(
        _ options: PythonRewardOptions, name: String, function: String, timeout: Double
    ) {
        let isText = options.source != nil
        let function = WorkerFunction(
            name: name, file: isText ? "<\(name)>" : place(of: options.file),
            source: options.source, function: options.function ?? (isText ? "grade" : function),
            timeout: .seconds(timeout))
        let terms = Terms(
            folder: URL(filePath: function.file).deletingLastPathComponent().path,
            interpreter: options.python.map(interpreter), environment: options.environment.sorted(),
            memory: options.memory, sandbox: options.sandbox,
            readable: options.readable.map(place), network: options.network,
            packages: options.packages.sorted())
        if let index = plans.firstIndex(where: { $0.terms == terms }) {
            plans[index].functions.append(function)
            plans[index].options.append(options)
            plans[index].workers = max(plans[index].workers, options.workers)
        } else {
            plans.append(
                Plan(
                    terms: terms, functions: [function], options: [options],
                    workers: options.workers))
        }
    }

    /// Starts the processes; one that fails does not hide what is wrong with the others.
    func build() async -> Built {
        var built = Built()
        for plan in plans {
            do throws(RewardError) {
                try await start(plan, &built)
            } catch {
                built.faults.append(error)
            }
        }
        return built
    }

    private func start(_ plan: Plan, _ built: inout Built) async throws(RewardError) {
        let launch = try await launch(plan, &built.notices)
        let pool = try await WorkerPool(
            launch: launch, functions: plan.functions, count: plan.workers)
        if !pool.output.isEmpty {
            let mask = SecretMask(names: plan.terms.environment)
            built.notices.append(
                "printed while loading reward files:\n\(mask.applied(to: pool.output))")
        }
        for (index, options) in plan.options.enumerated() {
            let reward = PythonReward(pool, index: index)
            built.functions[reward.name] = try guarded(reward, options)
        }
    }

    /// `reward` with what its options ask for around it.
    private func guarded(
        _ reward: PythonReward, _ options: PythonRewardOptions
    ) throws(RewardError) -> any AssessingRewardFunction {
        var function: any AssessingRewardFunction = reward
        let mask = SecretMask(names: options.environment)
        if !mask.isEmpty { function = MaskedReward(function, mask) }
        if options.repeatedGroups > 0 {
            function = RepeatedReward(function, groups: options.repeatedGroups)
        }
        if options.cache {
            guard reward.style != .list else { throw .cachedGroup(function: reward.name) }
            function = CachedReward(function)
        }
        return QuarantinedReward(
            function, trial: reward.style == .list ? .group : .completion,
            after: options.quarantineAfter)
    }

    /// How the workers of `plan` start: in a sandbox where that is asked for and works.
    private func launch(
        _ plan: Plan, _ notices: inout [String]
    ) async throws(RewardError) -> WorkerLaunch {
        let terms = plan.terms
        let bare = WorkerLaunch(
            interpreter: try await interpreter(terms),
            variables: terms.environment, limits: .init(memory: terms.memory.bytes))
        guard terms.sandbox != .off else { return bare }
        let reason: String
        if let program = WorkerSandbox.installed() {
            switch try await sandboxed(bare, program, plan) {
            case .works(let launch): return launch
            case .fails(let error): reason = "bubblewrap does not work here: \(error)"
            }
        } else {
            reason = "bubblewrap (bwrap) is not installed"
        }
        guard terms.sandbox == .automatic else {
            throw .interpreter(path: bare.interpreter, message: "sandbox: required, but \(reason)")
        }
        let notice =
            "Python reward functions run without a sandbox, under limits only: \(reason)"
        if !notices.contains(notice) { notices.append(notice) }
        return bare
    }

    /// The interpreter that the functions ask for, in an environment of its own if they declare
    /// packages.
    private func interpreter(_ terms: Terms) async throws(RewardError) -> String {
        let base = try PythonInterpreter.locate(declared: terms.interpreter)
        guard !terms.packages.isEmpty else { return base }
        let environment = PythonEnvironment(
            interpreter: base, packages: terms.packages, workingFolder: folder,
            root: URL(filePath: ".hone/environments"))
        let result: Result<String, RewardError> = await withCheckedContinuation { waiting in
            // A thread of its own: pip may take minutes.
            Thread { [tell] in
                do throws(RewardError) {
                    waiting.resume(returning: .success(try environment.make(tell: tell)))
                } catch {
                    waiting.resume(returning: .failure(error))
                }
            }.start()
        }
        return try result.get()
    }

    private enum Trial {
        case works(WorkerLaunch)
        case fails(RewardError)
    }

    /// `bare` in a sandbox, tried out.
    private func sandboxed(
        _ bare: WorkerLaunch, _ program: String, _ plan: Plan
    ) async throws(RewardError) -> Trial {
        let facts = try await InterpreterFacts(of: bare)
        let files = FileManager.default
        let own = plan.functions.filter { $0.source == nil }
            .map { URL(filePath: $0.file).deletingLastPathComponent().path }
        let readable = Set(facts.folders + own + plan.terms.readable).filter(files.fileExists)
        let sandbox = WorkerSandbox(
            program: program, readable: readable.sorted(), hasNetwork: plan.terms.network,
            workingFolder: own.first(where: files.fileExists) ?? "/")
        var inside = bare
        // A shim is a script that looks around the home folder; the program behind it is not.
        inside.command[0] = facts.executable
        let launch = sandbox.around(inside)
        do throws(RewardError) {
            _ = try await InterpreterFacts(of: launch)
            return .works(launch)
        } catch {
            return .fails(error)
        }
    }

    /// Beside the recipe if it is there, else in the working directory if it is there, else beside the
    /// recipe, where its absence will be reported.
    func place(of name: String) -> String {
        let beside = URL(filePath: name, relativeTo: folder).standardizedFileURL.path
        let here = URL(filePath: name).standardizedFileURL.path
        let files = FileManager.default
        return !files.fileExists(atPath: beside) && files.fileExists(atPath: here) ? here : beside
    }

    /// A relative path with a slash begins at the recipe's folder; a bare name is searched on the PATH.
    private func interpreter(_ path: String) -> String {
        path.contains("/") ? URL(filePath: path, relativeTo: folder).standardizedFileURL.path : path
    }
}
