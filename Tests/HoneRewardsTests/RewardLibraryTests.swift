import Foundation
import HoneCore
import HoneRewards
import OrderedCollections
import Testing

@Suite struct RewardLibraryTests {
    static func problems(_ reward: RewardConfig) -> [String] {
        var problems: [ConfigProblem] = []
        RewardLibrary(folder: URL(filePath: "/tmp"))
            .check(reward, at: ConfigPath("rewards[0]"), &problems)
        return problems.map(\.description)
    }

    @Test func anUnknownTypeNamesTheNearest() {
        #expect(
            Self.problems(RewardConfig(name: "a", type: "countdown_equatoin")) == [
                "rewards[0].type: there is no reward type countdown_equatoin; did you mean "
                    + "countdown_equation?"
            ])
        #expect(
            Self.problems(RewardConfig(name: "a", type: "zzz"))[0].contains(
                "known types: countdown_equation, format, exact_match"))
    }

    @Test func anUnknownOptionNamesTheNearest() {
        #expect(
            Self.problems(
                RewardConfig(name: "a", type: "exact_match", options: ["colunm": "answer"])) == [
                    "rewards[0].colunm: unknown key; did you mean column?"
                ])
    }

    @Test func optionsOfTheWrongKindAreRefused() {
        #expect(
            Self.problems(
                RewardConfig(name: "a", type: "format", options: ["separator": "newlin"]))[0]
                .contains("did you mean newline?"))
        #expect(
            Self.problems(
                RewardConfig(name: "a", type: "length", options: ["min": 5, "max": 3])) == [
                    "rewards[0].max: must be at least min (5), is 3"
                ])
        #expect(
            Self.problems(
                RewardConfig(
                    name: "a", type: "exact_match", options: ["extract": ["tag": "<answer>"]]))[0]
                .contains("a tag's name without brackets"))
        #expect(Self.problems(RewardConfig(name: "a", type: "python"))[0].contains("file"))
    }

    @Test func aDeclaredRubricGrades() async throws {
        let rubric = try await RewardLibrary(folder: URL(filePath: "/tmp")).rubric(
            of: [
                RewardConfig(
                    name: "shape", type: "format", weight: 0.1, options: ["prefix": "<think>"]),
                RewardConfig(
                    name: "right", type: "exact_match", weight: 0.9,
                    options: ["column": "answer", "extract": ["tag": "answer"]]),
            ], file: "recipe.yaml")
        let request = gradingRequest(
            ["Hm.</think>\n<answer> 42 </answer>", "<answer>42</answer>"],
            columns: ["answer": 42])
        let verdicts = try await rubric.grade([request])[0]
        #expect(verdicts.map { $0.reward?.total } == [1, 0.9])
    }

    @Test func everyProblemIsReportedAtOnce() async {
        let error = await #expect(throws: ConfigError.self) {
            try await RewardLibrary(folder: URL(filePath: "/tmp")).rubric(
                of: [
                    RewardConfig(name: "a", type: "formt"),
                    RewardConfig(name: "b", type: "length", options: ["max": "many"]),
                ], file: "recipe.yaml")
        }
        #expect(
            error?.problems.map(\.path) == [
                ConfigPath("rewards[0].type"), ConfigPath("rewards[1].max"),
            ])
    }
}

@Suite struct GradingSpecTests {
    static func rewards(_ root: JSONValue, lines: [ConfigPath: Int] = [:]) throws -> [RewardConfig]
    {
        try GradingSpec.rewards(
            of: ConfigDocument(file: "spec.yaml", root: root, lines: lines),
            library: RewardLibrary(folder: URL(filePath: "/tmp")))
    }

    @Test func aListOrAMappingWithRewardsIsRead() throws {
        let entries: JSONValue = [["name": "a", "type": "format", "weight": 0.5]]
        let list = try Self.rewards(entries)
        #expect(list.map(\.name) == ["a"])
        #expect(list[0].weight == 0.5)
        #expect(try Self.rewards(["rewards": entries, "method": "grpo"]) == list)
    }

    @Test func problemsHaveTheirLine() throws {
        let error = #expect(throws: ConfigError.self) {
            try Self.rewards(
                [["name": "a", "type": "formt"]], lines: [ConfigPath("[0].type"): 7])
        }
        #expect(
            error?.description
                == "spec.yaml:7: [0].type: there is no reward type formt; did you mean format?")
        #expect(throws: ConfigError.self) { try Self.rewards("format") }
        #expect(throws: ConfigError.self) { try Self.rewards([]) }
    }
}
