import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

@testable import HoneTraining

/// Recipes that nobody means: each is refused with its place, or is one that can be computed with.
@Suite struct RecipeFuzzTests {
    private static let sound = """
        name: run
        model: model
        seed: 7
        dataset: &data
          path: rows.jsonl
          test_split: 0.1
        prompt: {template: "{prompt}", system: "Be brief."}
        rewards:
          - {name: r, type: format, weight: 0.5}
          - name: s
            type: regex
            pattern: "^a+$"
        sampling: {temperature: 1.0, top_p: 0.9, max_completion_length: 64}
        grpo: {num_generations: 4, num_prompts: 2, beta: 0.04, train_steps: 3}
        lora: {r: 8, alpha: 16}
        optimizer: {learning_rate: 1e-4, warmup_ratio: 0.1}
        checkpoints: {every: 2}
        """

    /// What decoding `text` complains of.
    @discardableResult
    private static func problems(_ text: String) -> [String] {
        do {
            let document = try RecipeYAML.document(text, file: "recipe.yaml")
            let (config, problems) = TrainingConfig.decode(document, rewards: nil)
            if problems.isEmpty { compute(with: config) }
            return problems.map { "\($0)" }
        } catch {
            #expect("\(error)".contains("recipe.yaml"))
            return ["\(error)"]
        }
    }

    /// The arithmetic that a run does with its configuration before it has seen a row.
    private static func compute(with config: TrainingConfig) {
        for rows in [0, 1, 1000, 1 << 40] {
            let epochs = config.grpo.numTrainEpochs ?? config.sft.numTrainEpochs ?? 1
            let steps =
                config.grpo.trainSteps
                ?? TrainingLength.steps(
                    epochs: epochs, rows: rows, rowsPerStep: config.grpo.numPrompts)
            let total = config.optimizerSteps(of: steps)
            let schedule = LearningRateSchedule(config.optimizer, totalSteps: total)
            for step in [1, 2, steps, total] { #expect(schedule.rate(at: step) >= 0) }
        }
        _ =
            config.grpo.numPrompts
            * (1 << 20 + config.grpo.numGenerations * config.sampling.maxCompletionLength)
        #expect(throws: Never.self) {
            try RecipeYAML.document(RecipeYAML.text(config.configJSON), file: "r")
        }
    }

    @Test func spoiledTextIsRefusedOrMeant() {
        #expect(!Self.problems("").isEmpty)
        Damage.cases(1500) { damage in
            let text = String(decoding: damage.spoil(Array(Self.sound.utf8)), as: UTF8.self)
            Damage.note(text)
            Self.problems(text)
        }
    }

    @Test func spoiledValuesAreRefusedOrMeant() throws {
        let sound = try RecipeYAML.document(Self.sound, file: "recipe.yaml").root
        let (config, _) = TrainingConfig.decode(
            ConfigDocument(file: "recipe.yaml", root: sound), rewards: nil)
        let resolved = config.configJSON
        Damage.cases(2500) { damage in
            let root = damage.spoil(Bool.random(using: &damage) ? sound : resolved)
            Damage.note(root.text())
            let document = ConfigDocument(file: "recipe.yaml", root: root)
            let (config, problems) = TrainingConfig.decode(document, rewards: nil)
            if problems.isEmpty { Self.compute(with: config) }
        }
    }

    /// Every key of a resolved recipe at every extreme.
    @Test func everyKeyMeetsEveryExtreme() throws {
        let document = try RecipeYAML.document(Self.sound, file: "recipe.yaml")
        let resolved = TrainingConfig.decode(document, rewards: nil).config.configJSON
        let extremes: [JSONValue] = [
            nil, true, "x", [], [:], 0, -1, 1, .int(.max), .int(.min), .int(Int(Int32.max)),
            .int(1 << 31), 1e308, -1e308,
            1e-308, .double(.nan), .double(.infinity), "9e99 TiB", "1e-99 B",
        ]
        func visit(_ json: JSONValue, _ path: ConfigPath) throws {
            for (key, value) in json.objectValue ?? [:] {
                let place = path.key(key)
                for extreme in extremes {
                    var changed = ConfigDocument(file: "recipe.yaml", root: resolved)
                    guard (try? changed.set(place, to: extreme)) != nil else { continue }
                    Damage.note("\(place): \(extreme.text())")
                    let (config, problems) = TrainingConfig.decode(changed, rewards: nil)
                    if problems.isEmpty { Self.compute(with: config) }
                }
                try visit(value, place)
            }
        }
        try visit(resolved, .root)
    }

    @Test func bombsOfYAMLEndQuickly() {
        var aliases = "a: &a [x, x, x, x, x, x, x, x, x]\n"
        for (last, next) in zip("abcdefghi", "bcdefghij") {
            aliases +=
                "\(next): &\(next) ["
                + Array(repeating: "*\(last)", count: 9).joined(separator: ", ") + "]\n"
        }
        func many(_ text: String, _ count: Int = 200_000) -> String {
            String(repeating: text, count: count)
        }
        let bombs: [String] = [
            aliases, aliases + "? *j\n: 1\n", "a: &a\n  b: *a\n", "&a [*a]", "*a", many("["),
            many("{"), many("- "),
            many("? "), many("a: {", 50_000), many("[", 900) + many("]", 900), many("!!x "),
            many("&a "), "\ta: 1", "a:\n\tb: 1",
            "a: 1\na: 2", "{a: 1, a: 2}", "? [a]\n: 1", "a: |\n" + many("  x\n"),
            "a: \"" + many("\\\\"), many("#"), "--- a\n--- b", "%YAML 9.9\n---\na: 1",
            "a: !!binary x", "a: !!python/object x", "<<: {a: 1}", "a: 0x" + many("F"),
            "a: " + many("9"), "a: 1e" + many("9"),
            "a: ." + many("9", 5000), "\u{FEFF}a: 1", "a: \u{0}", "a: \u{7F}",
            many("a", 100_000) + ": 1", many("a.", 50_000) + ": 1",
        ]
        for bomb in bombs {
            Damage.note(String(bomb.prefix(2000)))
            let begun = Damage.processorSeconds()
            Self.problems(bomb)
            let seconds = Damage.processorSeconds() - begun
            #expect(seconds < 20, "\(bomb.prefix(60)): \(seconds) s")
        }
    }

    @Test func pathsOfSetAreBounded() throws {
        var document = try RecipeYAML.document(Self.sound, file: "recipe.yaml")
        for path in [
            String(repeating: "a.", count: 50_000) + "a", "rewards[9223372036854775807].name",
            "rewards[-1].name",
            "rewards[0]" + String(repeating: "[0]", count: 50_000), "", ".", "[", "a[", "a[x]",
            "a..b",
        ] {
            #expect(throws: ConfigProblem.self, "\(path.prefix(40))") {
                try document.set(ConfigPath(path), to: 1)
                // A name of nothing is a key like others; what it says is refused as unknown.
                guard TrainingConfig.decode(document, rewards: nil).problems.isEmpty else {
                    throw ConfigProblem(.root, "refused")
                }
            }
        }
    }
}
