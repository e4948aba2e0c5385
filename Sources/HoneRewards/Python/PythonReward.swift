import HoneCore

/// A reward function written in Python, run by a ``WorkerPool``.
///
/// `(prompt, completion, example) -> number`, called once per completion; the values of `example`
/// are strings, as Python's `str` prints them. A parameter named `completions` marks TRL's signature
/// `(prompts, completions, **columns) -> list`, called once per group with columns as they are, where
/// `None` abstains. What is no number counts as 0 and is reported; an exception, a missed deadline, a
/// crash, NaN or infinity is a failure.
///
/// Sources: Predibase's reinforcement fine-tuning guide; TRL's `GRPOTrainer`.
public struct PythonReward: AssessingRewardFunction {
    public let name: String
    private let pool: WorkerPool
    private let index: Int

    /// - Parameters:
    ///   - pool: the processes that have loaded the function.
    ///   - index: its position in the pool's functions.
    public init(_ pool: WorkerPool, index: Int) {
        name = pool.functions[index].name
        self.pool = pool
        self.index = index
    }

    /// How the function is called.
    var style: WorkerFunction.Style { pool.style(of: index) }

    public func assess(_ request: GradingRequest) async -> [Assessment] {
        await pool.assess(request, function: index)
    }
}
