import Foundation
import HoneCore
import HoneRewards
import HoneTraining
import OrderedCollections
import TestSupport
import Testing

/// The modules as the program of somebody else uses them.
@Suite struct LibraryTests {
    @Test func aProgramTrainsWithARewardFunctionOfItsOwn() async throws {
        let scratch = try ScratchFolder()
        let file = try ResumeTests.recipe(scratch, training: "")
        let recipe = try Recipe(path: file.path, overrides: ["grpo.train_steps=2"])
        let brevity = ClosureReward("brevity") { completion, _ in
            1 / Double(completion.count + 1)
        }
        let folder = RunFolder(scratch.url.appending(path: "run"))
        let run = TrainingRun(
            recipe: recipe, folder: folder, grader: try Rubric([.init(brevity)]),
            observer: ObserverList([]))
        let result = try await run.start(.new)

        let weights = result.appending(path: "model.safetensors").path
        #expect(FileManager.default.fileExists(atPath: weights))
        let steps = try ResumeTests.steps(folder.url)
        #expect(steps.count == 2)
        for step in steps {
            let metrics = step["metrics"]
            #expect(metrics?["rewards/brevity/mean"]?.doubleValue ?? 0 > 0)
            #expect(metrics?["rewards/brevity/mean"] == metrics?["reward"])
        }
    }
}
