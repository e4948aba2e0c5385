import HoneCore
import Testing

@Suite struct ConfigExplanationTests {
    @Test func saysTypeRulesAndDefault() throws {
        let text = try ConfigExplanation.text(of: ConfigPath("grpo.num_generations"))
        #expect(
            text == """
                grpo.num_generations: an integer, at least 2; default 8
                  Completions a prompt: the group.
                  elsewhere called: group_size
                """)
    }

    @Test func listsTheKeysOfASection() throws {
        let text = try ConfigExplanation.text(of: ConfigPath("lora"))
        #expect(text.contains("lora.rank: an integer, at least 1; default 16"))
        #expect(text.contains("lora.target_modules: one of all-linear, or a list"))
        let rewards = try ConfigExplanation.text(of: ConfigPath("rewards"))
        #expect(rewards.contains("rewards.type: a string, not empty; required"))
        #expect(rewards == (try ConfigExplanation.text(of: ConfigPath("rewards[0]"))))
    }

    @Test func explainsEveryKeyAtOnce() throws {
        let text = try ConfigExplanation.text(of: .root)
        for key in ["method", "dataset.test.fraction", "model.tokenizer", "memory.cache_budget"] {
            #expect(text.contains("\n\(key): ") || text.hasPrefix("\(key): "), "\(key)")
        }
    }

    @Test(arguments: [
        ("grpo.num_generation", "did you mean num_generations?"),
        ("learning_rate", "did you mean optimizer.learning_rate?"),
        ("seed.x", "seed has no keys below it"),
    ])
    func unknownKeysAreToldTheNearest(key: String, remedy: String) {
        #expect {
            try ConfigExplanation.text(of: ConfigPath(key))
        } throws: { "\($0)".contains(remedy) }
    }
}
