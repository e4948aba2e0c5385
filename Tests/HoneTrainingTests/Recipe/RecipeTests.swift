import Foundation
import HoneCore
import HoneTraining
import OrderedCollections
import TestSupport
import Testing

@Suite struct RecipeTests {
    static let text = """
        model: model
        dataset: {path: rows.jsonl}
        rewards:
          - {name: a, type: python, file: a.py}
        """

    /// A folder with the recipe and the files it names.
    static func folder(_ text: String = text, named name: String = "recipe.yaml") throws -> URL {
        let folder = try ScratchFolder.ofTheProcess().appending(path: "countdown")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
        try "".write(to: folder.appending(path: "a.py"), atomically: true, encoding: .utf8)
        return folder
    }

    @Test func namesFilesBesideTheRecipe() throws {
        let folder = try Self.folder()
        let recipe = try Recipe(path: folder.appending(path: "recipe.yaml").path)
        #expect(recipe.config.name == "countdown")
        #expect(recipe.config.rewards[0].options["file"] == .string(folder.path + "/a.py"))
        #expect(recipe.config.dataset.path == folder.path + "/rows.jsonl")
    }

    @Test func anotherFileOfTheFolderHasItsOwnName() throws {
        let folder = try Self.folder(named: "pretrain.yaml")
        let recipe = try Recipe(path: folder.appending(path: "pretrain.yaml").path)
        #expect(recipe.config.name == "countdown-pretrain")
    }

    @Test func overridesAreReadAsYAML() throws {
        let path = try Self.folder().appending(path: "recipe.yaml").path
        let recipe = try Recipe(
            path: path,
            overrides: [
                "optimizer.learning_rate=1e-4", "lora={rank: 4}", "rewards[0].weight=0.5",
                "dataset.prompt.template=a=b", "output=",
            ])
        #expect(recipe.config.optimizer.learningRate == 1e-4)
        #expect(recipe.config.lora?.rank == 4)
        #expect(recipe.config.rewards[0].weight == 0.5)
        #expect(recipe.config.dataset.prompt.template == "a=b")
        #expect(recipe.config.output == nil)
    }

    @Test(arguments: ["nothing", "=3", "model.x=1", "rewards[7].weight=1", "seed=[1"])
    func refusesOverridesThatCannotBe(text: String) throws {
        let path = try Self.folder().appending(path: "recipe.yaml").path
        #expect(throws: RecipeError.self) { try Recipe(path: path, overrides: [text]) }
    }

    @Test func problemsNameFileAndLine() throws {
        let path = try Self.folder(Self.text + "\ngrpo:\n  num_generation: 4\n")
            .appending(path: "recipe.yaml").path
        #expect {
            try Recipe(path: path)
        } throws: { error in
            "\(error)" == "\(path):6: grpo.num_generation: unknown key; "
                + "did you mean num_generations?"
        }
    }

    @Test func theResolvedRecipeIsTheSameRecipe() throws {
        let folder = try Self.folder()
        let recipe = try Recipe(
            path: folder.appending(path: "recipe.yaml").path,
            overrides: ["lora.rank=8", "dataset.prompt.system=\"two\\nlines \""])
        let copy = folder.appending(path: "resolved.yaml")
        try recipe.yaml().write(to: copy, atomically: true, encoding: .utf8)
        #expect(try Recipe(path: copy.path).config == recipe.config)
        let json = folder.appending(path: "resolved.json")
        try recipe.config.configJSON.text(.indented)
            .write(to: json, atomically: true, encoding: .utf8)
        #expect(try Recipe(path: json.path).config == recipe.config)
    }

    @Test func anAbsentFileIsNamed() {
        #expect {
            try Recipe(path: "nowhere/recipe.yaml")
        } throws: { error in
            "\(error)" == "nowhere/recipe.yaml cannot be read: there is no such file"
        }
    }
}
