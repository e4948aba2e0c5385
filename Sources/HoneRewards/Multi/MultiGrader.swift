import HoneCore
import OrderedCollections

/// OpenAI's `multi` grader: a formula over the scores of other graders. Range: whatever the formula
/// gives.
///
/// score = calculate_output(score of each grader). Where a grader that the formula names fails, this one
/// fails with it; where one abstains, this one abstains; a value that is infinite or no number is a
/// failure. The single scores stand in the output of each assessment.
///
/// Source: OpenAI's graders.
public struct MultiGrader: AssessingRewardFunction, MeasuredRewardFunction {
    public let name: String
    private let formula: GraderFormula
    private let parts: [Part]

    /// A grader and its name in the formula.
    struct Part: Sendable {
        let name: String
        let function: any RewardFunction
    }

    init(name: String, formula: GraderFormula, parts: [Part]) {
        self.name = name
        self.formula = formula
        self.parts = parts
    }

    /// The options of `type: multi`.
    public struct Options: ConfigSection {
        public var graders = DeclaredGraders(rewards: [], places: [])
        public var formula: GraderFormula?

        public init() {}

        public static let defaults = Options()
        public static let summary =
            "OpenAI's multi: a formula over the scores of other graders."
        public static let fields: [ConfigField<Options>] = [
            .required("graders", \.graders, "The graders by the name that the formula uses."),
            ConfigField(
                "calculate_output", \.formula,
                "The formula: + - * / ^, min, max, abs, floor, ceil, exp, sqrt, log."),
        ]
        public static let checks: [ConfigCheck<Options>] = [
            ConfigCheck("calculate_output", "graders") { options, _ in
                guard let formula = options.formula else {
                    return "is required: a formula over the graders' names"
                }
                let known = options.graders.rewards.map(\.name)
                guard let unknown = formula.names.first(where: { !known.contains($0) }) else {
                    return nil
                }
                return "names \(unknown), which is no grader; the graders are "
                    + known.joined(separator: ", ")
            },
            ConfigCheck("graders") { options, _ in
                let names = options.graders.rewards.map(\.name)
                let double = names.first { name in names.count { $0 == name } > 1 }
                return double.map { "two graders are named \($0)" }
            },
        ]
    }

    public func assess(_ request: GradingRequest) async -> [Assessment] {
        let columns = await withTaskGroup(of: (Int, [Assessment]).self) { tasks in
            for (index, part) in parts.enumerated() {
                tasks.addTask { (index, await part.function.assessments(of: request)) }
            }
            var columns = parts.map { _ in [Assessment]() }
            for await (index, assessments) in tasks { columns[index] = assessments }
            return columns
        }
        guard columns.allSatisfy({ $0.count == request.completions.count }) else {
            let failure = GraderFailure(
                function: name, kind: .raised,
                message: "a grader returned the wrong number of scores")
            return request.completions.map { _ in Assessment(score: .failed(failure)) }
        }
        return request.completions.indices.map { member in
            combined(columns.map { $0[member] })
        }
    }

    public func takeMetrics() async -> OrderedMetrics {
        var metrics: OrderedMetrics = []
        for part in parts {
            guard let function = part.function as? any MeasuredRewardFunction else { continue }
            metrics += await function.takeMetrics()
        }
        return metrics
    }

    private func combined(_ assessments: [Assessment]) -> Assessment {
        var scores: [String: Double] = [:]
        var abstains = false
        var failure: GraderFailure?
        var output = ""
        for (part, assessment) in zip(parts, assessments) {
            let counts = formula.names.contains(part.name)
            switch assessment.score {
            case .value(let value):
                scores[part.name] = value
                output += "\(part.name): \(value)\n"
            case .abstained:
                abstains = abstains || counts
                output += "\(part.name): abstained\n"
            case .failed(let found):
                if counts { failure = failure ?? found }
                output += "\(part.name): failed, \(found.message)\n"
            }
            output += assessment.output
        }
        let warnings = assessments.compactMap(\.warning)
        var result = Assessment(
            score: .abstained, output: output,
            warning: warnings.isEmpty ? nil : warnings.joined(separator: "; "),
            seconds: assessments.compactMap(\.seconds).max())
        if var failure {
            failure.message = "\(failure.function): \(failure.message)"
            failure.function = name
            result.score = .failed(failure)
        } else if !abstains {
            // What is no number is turned into a failure by the rubric.
            result.score = .value(formula.value(scores))
        }
        return result
    }
}
