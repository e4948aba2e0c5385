import Foundation
import HoneCore

/// Collects the Python functions of a recipe and starts the pools that run them: one for each set of
/// functions that agree on how their process is started.
struct PythonRewardBuilder {
    let folder: URL
    private var declared: [(options: PythonRewardOptions, function: WorkerFunction)] = []

    init(folder: URL) { self.folder = folder }

    mutating func add(_ options: PythonRewardOptions, name: String, timeout: Double) {
        let file = place(of: options.file)
        declared.append(
            (
                options,
                WorkerFunction(
                    name: name, file: file, function: options.function ?? name,
                    timeout: .seconds(timeout))
            ))
    }

    /// The functions by name, loaded and ready.
    func build() async throws(RewardError) -> [String: any RewardFunction] {
        var plans: [(launch: WorkerLaunch, functions: [WorkerFunction], workers: Int)] = []
        for (options, function) in declared {
            let launch = WorkerLaunch(
                interpreter: try PythonInterpreter.locate(declared: interpreter(options)),
                variables: options.environment.sorted(),
                limits: .init(memory: Int(options.memory * Double(1 << 30))))
            if let index = plans.firstIndex(where: { $0.launch == launch }) {
                plans[index].functions.append(function)
                plans[index].workers = max(plans[index].workers, options.workers)
            } else {
                plans.append((launch, [function], options.workers))
            }
        }
        var functions: [String: any RewardFunction] = [:]
        for plan in plans {
            let pool = try await WorkerPool(
                launch: plan.launch, functions: plan.functions, count: plan.workers)
            for index in plan.functions.indices {
                let reward = PythonReward(pool, index: index)
                functions[reward.name] = reward
            }
        }
        return functions
    }

    /// Beside the recipe if it is there, else in the working directory if it is there, else beside the
    /// recipe, where its absence will be reported.
    private func place(of name: String) -> String {
        let beside = URL(filePath: name, relativeTo: folder).standardizedFileURL.path
        let here = URL(filePath: name).standardizedFileURL.path
        let files = FileManager.default
        return !files.fileExists(atPath: beside) && files.fileExists(atPath: here) ? here : beside
    }

    /// A relative path with a slash begins at the recipe's folder; a bare name is searched on the PATH.
    private func interpreter(_ options: PythonRewardOptions) -> String? {
        options.python.map { path in
            path.contains("/")
                ? URL(filePath: path, relativeTo: folder).standardizedFileURL.path : path
        }
    }
}
