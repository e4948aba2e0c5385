import HoneCore
import OrderedCollections

/// A request over `completions` for a row with `columns`.
func gradingRequest(
    _ completions: [String], columns: JSONObject = [:], prompt: String = "Say it.", step: Int = 0
) -> GradingRequest {
    GradingRequest(
        row: DatasetRow(index: 0, prompt: .text(prompt), columns: columns), prompt: prompt,
        completions: completions, step: step)
}

extension RewardFunction {
    /// The numbers given to `completions`; `nil` where there is none.
    func values(
        _ completions: [String], columns: JSONObject = [:], prompt: String = "Say it."
    ) async -> [Double?] {
        await score(gradingRequest(completions, columns: columns, prompt: prompt)).map { score in
            if case .value(let value) = score { value } else { nil }
        }
    }
}
