import Foundation
import HoneCore
import OrderedCollections

/// How a judge's endpoint is asked: the options that every function with a model behind it has.
public struct JudgeService: Sendable, Hashable {
    /// Name of the environment variable with the key; `nil`: none is sent.
    public var keyVariable: String?
    public var isStructured = true
    /// Questions at once.
    public var concurrency = 8
    public var requestsPerMinute: Double?
    /// Tries for one question.
    public var attempts = 5
    /// Seconds for a group, all tries included.
    public var deadline = 120.0
    public var fallback: Double?
    public var cache = true
    /// Of tokens asked and tokens answered.
    public var pricePerMillion = [0.0, 0.0]

    public init() {}
}

/// Options of a reward function that asks a chat endpoint.
public protocol JudgeServiceOptions: ConfigSection {
    var service: JudgeService { get set }
}

extension JudgeServiceOptions {
    static var serviceFields: [ConfigField<Self>] {
        [
            .optional(
                "api_key_env", \Self.service.keyVariable,
                "Environment variable with the key. The key itself never stands in a recipe or a log.",
                .notEmpty),
            ConfigField(
                "structured_output", \Self.service.isStructured,
                "Ask the server to hold the answer to a JSON schema; turn off where it cannot."),
            ConfigField(
                "concurrency", \Self.service.concurrency, "Questions at once.", .within(1...1024)),
            .optional(
                "requests_per_minute", \Self.service.requestsPerMinute,
                "Questions begun in a minute.", .above(0)),
            ConfigField(
                "attempts", \Self.service.attempts,
                "Tries for one question; waits between them double, with jitter, and honour Retry-After.",
                .within(1...20)),
            ConfigField(
                "deadline", \Self.service.deadline,
                "Seconds for a whole group, all tries included.", .above(0)),
            .optional(
                "fallback", \Self.service.fallback,
                "Score where the judge gave none in time. Default: that is a failure (on_error)."),
            ConfigField(
                "cache", \Self.service.cache,
                "Keep answers in .hone/judge and do not ask the same twice."),
            ConfigField(
                "price_per_million", \Self.service.pricePerMillion,
                "Price of a million tokens asked and answered, for judge/NAME/cost."),
        ]
    }

    static var serviceChecks: [ConfigCheck<Self>] {
        [
            ConfigCheck("price_per_million") { options, _ in
                let prices = options.service.pricePerMillion
                guard prices.count == 2, prices.allSatisfy({ $0 >= 0 }) else {
                    return "needs two prices: of tokens asked and of tokens answered"
                }
                return nil
            }
        ]
    }
}

extension JudgeService {
    /// Where a server is and what opens it.
    struct Address: Sendable, Hashable {
        var base: String
        var key: String?
    }

    /// The address that a recipe declares, or else the one that OpenAI's own clients take from the
    /// environment: `OPENAI_BASE_URL` and `OPENAI_API_KEY`. Without either nothing is asked: rows must
    /// not leave for a server that nobody named.
    /// - Throws: ``RewardError/judge(name:message:)`` without an address, or without the key declared.
    static func address(
        declared: String?, keyVariable: String?, name: String, environment: [String: String]
    ) throws(RewardError) -> Address {
        let base: String
        var variable = keyVariable
        if let declared {
            base = declared
        } else if let found = environment["OPENAI_BASE_URL"], !found.isEmpty {
            base = found
            if variable == nil, environment["OPENAI_API_KEY"]?.isEmpty == false {
                variable = "OPENAI_API_KEY"
            }
        } else {
            throw .judge(
                name: name,
                message: "no server is named; give endpoint, or set OPENAI_BASE_URL (and "
                    + "OPENAI_API_KEY)")
        }
        guard let variable else { return Address(base: base) }
        guard let key = environment[variable], !key.isEmpty else {
            throw .judge(
                name: name, message: "api_key_env: the environment has no \(variable); set it")
        }
        return Address(base: base, key: key)
    }

    /// The judge that asks `question` at `address`.
    /// - Parameter timeout: seconds of one try.
    func judge(
        name: String, asking question: JudgeQuestion, at address: Address, timeout: Double
    ) -> JudgeReward {
        JudgeReward(
            name: name,
            endpoint: HTTPChatEndpoint(
                base: address.base, key: address.key, timeout: .seconds(timeout),
                retries: RetryPolicy(attempts: attempts), concurrency: concurrency,
                requestsPerMinute: requestsPerMinute),
            address: address.base, question: question, deadline: .seconds(deadline),
            fallback: fallback,
            price: JudgePrice(input: pricePerMillion[0], output: pricePerMillion[1]),
            cache: cache ? JudgeCache(URL(filePath: ".hone/judge/answers.jsonl")) : nil)
    }
}

/// Options that declare a judge.
protocol DeclaredJudge: JudgeServiceOptions, SurroundedReward {
    /// The reward that these options declare.
    /// - Parameters:
    ///   - name: the reward's.
    ///   - timeout: seconds of one try.
    ///   - environment: where the key is found.
    /// - Throws: ``RewardError/judge(name:message:)`` without an address or the key declared.
    func judge(
        name: String, timeout: Double, environment: [String: String]
    ) throws(RewardError) -> JudgeReward
}
