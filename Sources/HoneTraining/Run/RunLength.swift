import Foundation
import HoneCore
import OrderedCollections

/// Whether a resumed run is the run that was begun, apart from its length.
struct RunLength {
    /// A run that goes on beyond its original end.
    struct Extension: Sendable, Hashable {
        /// The key that grew, and its values.
        var key: String
        var from: JSONValue
        var to: JSONValue
        /// Whether the run so far is what the longer run would have been from the beginning.
        var isExact: Bool

        /// What a person should know of it.
        var notice: String {
            let grown = "\(key) grew from \(from.text()) to \(to.text()); the run goes on"
            guard !isExact else {
                return grown
                    + " as if it had been that long from the beginning, since its learning rate does "
                    + "not depend on its length"
            }
            return grown
                + " with the learning rate of the longer schedule. The steps so far followed the "
                + "shorter one, so this is not what one run of the whole length would have given: "
                + "optimizer.schedule constant without warmup_ratio makes both equal"
        }
    }

    /// The keys that say how long a run is.
    private static let keys = [
        "grpo.train_steps", "grpo.num_train_epochs", "sft.train_steps", "sft.num_train_epochs",
    ]

    /// How `recipe` extends the recipe in `folder`; `nil` when they are the same.
    /// - Throws: ``RunFolderError/differentRecipe(key:path:)`` for any other difference.
    static func extending(
        _ folder: RunFolder, with recipe: Recipe
    ) throws -> Extension? {
        let begun = try Recipe(path: folder.recipe.path).config
        let wanted = recipe.config
        let differences = differences(begun.configJSON, wanted.configJSON, at: "")
        guard let first = differences.first else { return nil }
        guard differences.count == 1, keys.contains(first.key),
            let from = first.from.doubleValue, let to = first.to.doubleValue, to > from
        else {
            let key = differences.first { !keys.contains($0.key) }?.key ?? first.key
            throw RunFolderError.differentRecipe(key: key, path: folder.url.path)
        }
        let optimizer = wanted.optimizer
        return Extension(
            key: first.key, from: first.from, to: first.to,
            isExact: optimizer.schedule == .constant && optimizer.warmupRatio == nil)
    }

    /// The dotted keys whose values differ; `output` may, since folders can be moved.
    static func differences(
        _ a: JSONValue, _ b: JSONValue, at path: String
    ) -> [(key: String, from: JSONValue, to: JSONValue)] {
        if a == b || path == "output" { return [] }
        guard case .object(let left) = a, case .object(let right) = b else { return [(path, a, b)] }
        return (left.keys.elements + right.keys.filter { left[$0] == nil }).flatMap { key in
            differences(
                left[key] ?? .null, right[key] ?? .null, at: path.isEmpty ? key : "\(path).\(key)")
        }
    }
}
