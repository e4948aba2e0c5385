import HoneCore
import HoneRewards
import OrderedCollections
import Testing

@Suite struct FormatRewardTests {
    @Test(arguments: [
        ("<think>a</think>\n<answer>b</answer>", 1.0),
        ("<think></think>\n<answer></answer>", 1),
        ("<think>a < b </thin</think>\n<answer>x</answer>y</answer>\n", 1),
        ("<think>a</think><answer>b</answer>", 0),
        ("<think>a</think>\n\n<answer>b</answer>", 0),
        ("<think>a<think>b</think>\n<answer>c</answer>", 0),
        ("<think>a</think></think>\n<answer>c</answer>", 0),
        ("<think>a</think>\n<answer>b</answer> ", 0),
        ("<think>a</think>\n<answer>b</answer>\n\n", 0),
        (" <think>a</think>\n<answer>b</answer>", 0),
        ("<think>a</think>\n<answer>", 0),
        ("<think>a</think>\n<answer></answer", 0),
        ("", 0),
    ])
    func matchesAsAgileRLsPattern(_ text: String, _ expected: Double) async {
        #expect(await FormatReward().values([text]) == [expected])
    }

    @Test func anOpeningTagInThePromptBelongsToTheText() async {
        let completion = "a</think>\n<answer>b</answer>"
        #expect(await FormatReward().values([completion], prompt: "Hm.\n<think>") == [1])
        #expect(await FormatReward().values([completion], prompt: "Hm.") == [0])
        var options = FormatReward.Options()
        options.prefix = "<think>"
        #expect(await FormatReward(options).values([completion], prompt: "Hm.") == [1])
        options.prefix = ""
        #expect(await FormatReward(options).values([completion], prompt: "<think>") == [0])
    }

    @Test func theSeparatorCanBeNothingOrAnySpace() async {
        let texts = ["", "\n", " \n\n"].map { "<think>a</think>\($0)<answer>b</answer>" }
        var options = FormatReward.Options()
        options.separator = .none
        #expect(await FormatReward(options).values(texts) == [1, 0, 0])
        options.separator = .whitespace
        #expect(await FormatReward(options).values(texts) == [1, 1, 1])
    }
}

extension FormatReward {
    init(_ options: Options) { self.init(name: "format", options) }
}
