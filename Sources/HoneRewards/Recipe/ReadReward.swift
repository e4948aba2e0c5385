import HoneCore

/// A declared reward function with the options of its type read, and those within it.
struct ReadReward {
    let config: RewardConfig
    /// ``RewardConfig/name``, after the names of the functions it stands in: `mix.style`.
    let fullName: String
    let options: any ConfigSection
    /// The graders of a `multi` grader.
    let parts: [ReadReward]

    /// Reads `config`, which stands at `path`; `nil` where its type is unknown.
    init?(
        _ config: RewardConfig, within outer: String? = nil, at path: ConfigPath,
        _ problems: inout [ConfigProblem]
    ) {
        guard let type = RewardType.named(config.type, at: path, &problems) else { return nil }
        let options = type.options.decode(config.options, at: path, &problems)
        let name = outer.map { "\($0).\(config.name)" } ?? config.name
        var parts: [ReadReward] = []
        if let multi = options as? MultiGrader.Options {
            for (reward, place) in zip(multi.graders.rewards, multi.graders.places) {
                if let part = ReadReward(reward, within: name, at: place, &problems) {
                    parts.append(part)
                }
            }
        }
        self.config = config
        self.options = options
        self.parts = parts
        fullName = name
    }

    /// Whether every Python function in it is among `loaded`.
    func isLoaded(in loaded: [String: any AssessingRewardFunction]) -> Bool {
        let isPython = options is PythonRewardOptions || options is CodeTestsOptions
        return (!isPython || loaded[fullName] != nil)
            && parts.allSatisfy { $0.isLoaded(in: loaded) }
    }

    /// Hands the Python functions in it to `builder`.
    func collect(into builder: inout PythonRewardBuilder) {
        if let options = options as? PythonRewardOptions {
            builder.add(
                options, name: fullName, function: config.name, timeout: config.timeout)
        } else if let options = options as? CodeTestsOptions {
            builder.add(
                options.function(timeout: config.timeout), name: fullName, function: "grade",
                timeout: config.timeout)
        }
        for part in parts { part.collect(into: &builder) }
    }

    /// The reward function.
    /// - Parameters:
    ///   - python: the Python functions, loaded.
    ///   - surroundings: what else functions need.
    func function(
        _ python: [String: any AssessingRewardFunction], _ surroundings: RewardSurroundings
    ) async throws(RewardError) -> any RewardFunction {
        switch options {
        case let options as any DeclaredReward:
            return options.function(name: fullName)
        case let options as any SurroundedReward:
            return try await options.function(
                name: fullName, timeout: config.timeout, surroundings)
        case let options as MultiGrader.Options:
            guard let formula = options.formula else {
                preconditionFailure("a multi grader was accepted without a formula")
            }
            var functions: [MultiGrader.Part] = []
            for part in parts {
                functions.append(
                    MultiGrader.Part(
                        name: part.config.name,
                        function: try await part.function(python, surroundings)))
            }
            return MultiGrader(name: fullName, formula: formula, parts: functions)
        default:
            guard let function = python[fullName] else {
                preconditionFailure("no function for reward type \(config.type)")
            }
            guard let options = options as? CodeTestsOptions else { return function }
            return CodeTests(name: fullName, options: options, runner: function)
        }
    }
}

/// What reward functions need that no recipe declares.
struct RewardSurroundings {
    /// Where keys and addresses of servers are found.
    var environment: [String: String]
    /// The model that training began with; `nil` where there is none.
    var reference: ReferenceSlot?
}

/// The options of a reward function that needs more than them.
protocol SurroundedReward: ConfigSection {
    /// - Parameter timeout: seconds of one try at a server.
    /// - Throws: ``RewardError`` where something it needs is not there.
    func function(
        name: String, timeout: Double, _ surroundings: RewardSurroundings
    ) async throws(RewardError) -> any RewardFunction
}

extension DeclaredJudge {
    func function(
        name: String, timeout: Double, _ surroundings: RewardSurroundings
    ) async throws(RewardError) -> any RewardFunction {
        try judge(name: name, timeout: timeout, environment: surroundings.environment)
    }
}

extension RewardSurroundings {
    /// The reference model, told that questions will come.
    func askedReference(for name: String) async throws(RewardError) -> ReferenceSlot {
        guard let reference else { throw .noReferenceModel(function: name) }
        await reference.expectQuestions()
        return reference
    }
}

extension PerplexityOptions: SurroundedReward {
    func function(
        name: String, timeout: Double, _ surroundings: RewardSurroundings
    ) async throws(RewardError) -> any RewardFunction {
        Perplexity(
            name: name, options: self, reference: try await surroundings.askedReference(for: name))
    }
}

extension SemanticSimilarityOptions: SurroundedReward {
    func function(
        name: String, timeout: Double, _ surroundings: RewardSurroundings
    ) async throws(RewardError) -> any RewardFunction {
        let embedder: any TextEmbedder
        if let model = service.model {
            embedder = try service.embedder(
                model, name: name, timeout: timeout, environment: surroundings.environment)
        } else {
            embedder = try await surroundings.askedReference(for: name)
        }
        return SemanticSimilarity(name: name, texts: texts, embedder: embedder)
    }
}

extension TextSimilarity.Options: SurroundedReward {
    func function(
        name: String, timeout: Double, _ surroundings: RewardSurroundings
    ) async throws(RewardError) -> any RewardFunction {
        guard metric == .cosine else { return TextSimilarity(name: name, self) }
        return SemanticSimilarity(
            name: name, texts: texts,
            embedder: try service.embedder(
                service.model ?? Self.cosineModel, name: name, timeout: timeout,
                environment: surroundings.environment))
    }
}
