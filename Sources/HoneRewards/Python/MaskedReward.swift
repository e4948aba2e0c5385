import Foundation
import HoneCore

/// Keeps the values of declared environment variables out of what is logged: where one occurs in
/// prints, warnings or failures, its name stands instead.
struct MaskedReward: AssessingRewardFunction {
    let name: String
    private let function: any AssessingRewardFunction
    private let mask: SecretMask

    init(_ function: any AssessingRewardFunction, _ mask: SecretMask) {
        name = function.name
        self.function = function
        self.mask = mask
    }

    func assess(_ request: GradingRequest) async -> [Assessment] {
        await function.assess(request).map { assessment in
            var masked = assessment
            masked.output = mask.applied(to: assessment.output)
            masked.warning = assessment.warning.map(mask.applied)
            if case .failed(var failure) = assessment.score {
                failure.message = mask.applied(to: failure.message)
                failure.detail = mask.applied(to: failure.detail)
                masked.score = .failed(failure)
            }
            return masked
        }
    }
}

/// Texts that must not be shown.
struct SecretMask: Sendable {
    /// Longest first, so that a secret that holds another is masked whole.
    private let secrets: [(value: String, name: String)]

    /// Shorter values are words that occur anyway, such as `1` or `prod`.
    private static let shortest = 6

    /// - Parameters:
    ///   - names: of the environment variables.
    ///   - environment: where their values are found.
    init(
        names: [String], environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        secrets = names.compactMap { name in
            environment[name].flatMap { $0.count >= Self.shortest ? ($0, name) : nil }
        }.sorted { $0.value.count > $1.value.count }
    }

    var isEmpty: Bool { secrets.isEmpty }

    func applied(to text: String) -> String {
        secrets.reduce(text) { text, secret in
            text.contains(secret.value)
                ? text.replacingOccurrences(of: secret.value, with: "<\(secret.name)>") : text
        }
    }
}
