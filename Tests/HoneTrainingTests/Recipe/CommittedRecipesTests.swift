import Foundation
import HoneCore
import HoneTraining
import Testing

/// The recipes that come with the program.
@Suite struct CommittedRecipesTests {
    /// The folder of the package.
    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static let files: [URL] = {
        let found = FileManager.default.enumerator(
            at: root.appending(path: "Recipes"), includingPropertiesForKeys: nil)
        return (found?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "yaml" }
    }()

    @Test(arguments: files) func isUnderstoodWhole(file: URL) throws {
        let reading = try RecipeReading(path: file.path, overrides: [], rewards: nil)
        #expect(reading.problems.map(\.description) == [])
    }
}
