import HoneCore

/// A reward function made of a closure over one completion.
///
/// ```swift
/// let brevity = ClosureReward("brevity") { completion, _ in
///     completion.count < 200 ? 1 : 0
/// }
/// let rubric = try Rubric([.init(brevity, weight: 0.2), .init(FormatReward(), weight: 0.8)])
/// ```
///
/// An error thrown becomes a `GraderFailure` of kind `raised`. For a function that looks at the whole
/// group, or that abstains, declare a type:
///
/// ```swift
/// struct Novelty: RewardFunction {
///     let name = "novelty"
///     func score(_ request: GradingRequest) async -> [Score] {
///         let counts = Dictionary(request.completions.map { ($0, 1) }, uniquingKeysWith: +)
///         return request.completions.map { .value(1 / Double(counts[$0]!)) }
///     }
/// }
/// ```
public struct ClosureReward: RewardFunction {
    public let name: String
    private let body: @Sendable (_ completion: String, _ row: DatasetRow) async throws -> Double

    public init(
        _ name: String,
        _ body: @escaping @Sendable (_ completion: String, _ row: DatasetRow) async throws -> Double
    ) {
        self.name = name
        self.body = body
    }

    public func score(_ request: GradingRequest) async -> [Score] {
        var scores: [Score] = []
        for completion in request.completions {
            do {
                scores.append(.value(try await body(completion, request.row)))
            } catch let failure as GraderFailure {
                scores.append(.failed(failure))
            } catch {
                scores.append(
                    .failed(GraderFailure(function: name, kind: .raised, message: "\(error)")))
            }
        }
        return scores
    }
}
