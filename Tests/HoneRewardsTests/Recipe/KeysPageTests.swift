import Foundation
import HoneRewards
import TestSupport
import Testing

@testable import HoneCore

/// The pages that list what a recipe can say, held to the declarations.
@Suite struct KeysPageTests {
    /// `make keys` sets HONE_WRITE_PAGES, with which the page is written instead of compared.
    @Test func theKeysPageIsThatOfTheDeclarations() throws {
        let file = Self.docs.appending(path: "Keys.md")
        if ProcessInfo.processInfo.environment["HONE_WRITE_PAGES"] != nil {
            try Data(KeysPage.text.utf8).write(to: file)
        }
        let page = try String(contentsOf: file, encoding: .utf8)
        let lines = page.split(separator: "\n", omittingEmptySubsequences: false)
        let wanted = KeysPage.text.split(separator: "\n", omittingEmptySubsequences: false)
        let place = zip(lines, wanted).enumerated().first { $0.element.0 != $0.element.1 }
        #expect(
            page == KeysPage.text,
            "Docs/Keys.md, line \((place?.offset ?? 0) + 1): run make keys and commit the page")
    }

    @Test func everyTypeOfRewardIsOnThePageOfRewards() throws {
        let page = try String(
            contentsOf: Self.docs.appending(path: "Rewards.md"), encoding: .utf8)
        for type in RewardType.allCases {
            let isThere =
                page.contains("`\(type.rawValue)`") || page.contains("type: \(type.rawValue)")
            #expect(isThere, "Docs/Rewards.md lacks \(type.rawValue)")
        }
    }

    private static let docs = Fixtures.folder.deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Docs")
}

/// `Docs/Keys.md`.
private enum KeysPage {
    static var text: String {
        let keys = TrainingConfig.form.keys
        var parts = [
            """
            # Every key of a recipe

            Made from the declarations in the sources by `make keys`; `hone validate --explain KEY` prints the same for one key.
            [Recipes.md](Recipes.md) tells how they work together, [Choosing.md](Choosing.md) which values to take.
            """,
            "## The recipe\n\n" + table(keys.map { ($0.name, $0) }),
        ]
        for key in keys where !key.form.keys.isEmpty {
            parts.append(
                "## `\(key.name)`\n\n\(key.summary)\n\n" + table(below(key, at: key.name)))
        }
        parts.append("## Types of `rewards`\n\nThe options of each `type`, beside the keys above.")
        for type in RewardType.allCases {
            guard case .section(let summary, let keys, _) = type.options.form else { continue }
            let rows = keys.flatMap { [($0.name, $0)] + below($0, at: $0.name) }
            parts.append(
                "### `\(type.rawValue)`\n\n\(summary)" + (rows.isEmpty ? "" : "\n\n" + table(rows)))
        }
        return parts.joined(separator: "\n\n") + "\n"
    }

    /// The keys below `key`, each before those below it.
    private static func below(_ key: ConfigKey, at path: String) -> [(String, ConfigKey)] {
        key.form.keys.flatMap { key in
            let place = "\(path).\(key.name)"
            return [(place, key)] + below(key, at: place)
        }
    }

    private static func table(_ rows: [(path: String, key: ConfigKey)]) -> String {
        (["| key | takes | |", "|---|---|---|"]
            + rows.map {
                "| `\($0.path)` | \(cell($0.key.expectation)) | \(cell($0.key.summary)) |"
            })
            .joined(separator: "\n")
    }

    private static func cell(_ text: String) -> String {
        text.replacing("|", with: "\\|").replacing("<", with: "&lt;").replacing("\n", with: " ")
    }
}
