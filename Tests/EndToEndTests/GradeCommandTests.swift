import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

/// `hone grade` as scripts use it.
@Suite struct GradeCommandTests {
    static let spec = """
        - {name: format, type: format, weight: 0.1, prefix: "<think>"}
        - {name: equation, type: countdown_equation, weight: 0.9, prefix: "<think>"}
        - {name: length, type: python, file: rewards.py, weight: 0}
        """
    static let functions = """
        def length(prompt, completion, example):
            if "raise" in completion:
                raise ValueError(example["target"])
            return len(completion)
        """
    static let rows = [
        #"{"completion":"Hm.</think>\n<answer>2 * 3</answer>","nums":[2,3],"target":6}"#,
        #"{"completion":"<answer>2 + 3</answer>","nums":[2,3],"target":6}"#,
        #"{"completion":"raise","nums":[2,3],"target":6}"#,
    ]

    static func grade(
        _ spec: String = spec, rows: [String] = rows, flags: [String] = ["--json"]
    ) async throws -> HoneProgram.Outcome {
        let scratch = try ScratchFolder()
        let file = try scratch.file("spec.yaml", spec)
        try scratch.file("rewards.py", functions)
        return try await HoneProgram.run(
            ["grade", file.path, "--input", "-"] + flags, input: rows.joined(separator: "\n"))
    }

    @Test func answersEachRowInOrder() async throws {
        let outcome = try await Self.grade()
        #expect(outcome.exitCode == 0, "\(outcome.errors)")
        #expect(
            outcome.output.split(separator: "\n").map(String.init) == [
                #"{"index":0,"total":1.0,"components":{"format":1.0,"equation":1.0,"length":34.0},"failures":{}}"#,
                #"{"index":1,"total":0.0,"components":{"format":0.0,"equation":0.0,"length":22.0},"failures":{}}"#,
                #"{"index":2,"total":0.0,"components":{"format":0.0,"equation":0.0,"length":null},"failures":{"length":"raised: ValueError: 6 (rewards.py:3)"}}"#,
            ])
    }

    @Test func aBadRowIsToldAndTheOthersAnswered() async throws {
        let outcome = try await Self.grade(rows: ["{", #"{"prompt":"a"}"#, Self.rows[0]])
        #expect(outcome.exitCode == 65)
        let lines = try outcome.output.split(separator: "\n").map {
            try JSONValue(parsing: String($0))
        }
        #expect(lines.map { $0["error"] != nil } == [true, true, false])
    }

    @Test func theReportCountsFailures() async throws {
        let outcome = try await Self.grade(flags: [])
        #expect(outcome.exitCode == 0)
        #expect(outcome.output.contains("1 × length raised: ValueError: 6 (rewards.py:3)"))
        #expect(outcome.output.contains("█"))
    }

    @Test func faultySpecsAreBadData() async throws {
        let misspelt = try await Self.grade("- {name: a, type: formt}")
        #expect(misspelt.exitCode == 65)
        #expect(misspelt.errors.contains("did you mean format?"))
        #expect(misspelt.output.isEmpty)
        let stopping = try await Self.grade(
            "- {name: length, type: python, file: rewards.py, on_error: stop}")
        #expect(stopping.exitCode == 65)
        #expect(stopping.errors.contains("row 2: reward function length raised"))
        let missing = try await Self.grade("- {name: nothing, type: python, file: rewards.py}")
        #expect(missing.exitCode == 65)
        #expect(missing.errors.contains("functions found: length (line 1)"))
    }

    @Test func everyProblemOfASpecIsToldAtOnce() async throws {
        let declared = try await Self.grade(
            """
            - 3
            - {name: a, type: formt}
            - {name: b, type: length, maxx: 3}
            - {name: c, type: python, file: absent.py}
            - {name: c, type: format, weight: much}
            """)
        #expect(declared.exitCode == 65)
        for part in [
            "spec.yaml:1: ", "did you mean format?", "rewards[2].maxx", "no file", "absent.py",
            "rewards[4].name", "rewards[4].weight",
        ] {
            let part = part.replacing("rewards[", with: "[")
            #expect(declared.errors.contains(part), "\(part) in \(declared.errors)")
        }
        // What only shows once files are loaded comes together too.
        let loaded = try await Self.grade(
            """
            - {name: nothing, type: python, file: rewards.py}
            - {name: nowhere, type: python, file: rewards.py, python: /nowhere/python}
            - {name: nor_here, type: python, file: rewards.py}
            - {name: p, type: perplexity}
            """)
        #expect(loaded.exitCode == 65)
        for part in [
            "no function nothing", "no function nor_here", "/nowhere/python", "--model",
        ] {
            #expect(loaded.errors.contains(part), "\(part) in \(loaded.errors)")
        }
    }

    @Test func theReportHasDistributionFailuresSlowestAndHistogram() async throws {
        let text = try await Self.grade(flags: []).output
        for part in ["mean", "std", "median", "max", "failed", "failures\n", "slowest\n", "█"] {
            #expect(text.contains(part), "\(part)")
        }
    }

    @Test func perplexityIsThatOfTheModelNamed() async throws {
        let scratch = try ScratchFolder()
        let model = EvaluateCommandTests.root.appending(path: "Pretrained/countdown-tiny").path
        let spec = try scratch.file(
            "spec.yaml",
            """
            - {name: p, type: perplexity, extract: whole, scale: inverse}
            - {name: s, type: semantic_similarity, extract: whole, column: same}
            """)
        let rows = [
            #"{"prompt":"Make 6 of 2, 3.","completion":"2 * 3 = 6","same":"2 * 3 = 6"}"#,
            #"{"prompt":"Make 6 of 2, 3.","completion":"zq","same":"2 * 3 = 6"}"#,
        ].joined(separator: "\n")
        let graded = try await HoneProgram.run(
            ["grade", spec.path, "--input", "-", "--json", "--model", model], input: rows)
        #expect(graded.exitCode == 0, "\(graded.errors)")
        let scored = try await HoneProgram.run(
            ["score", "--model", model, "--input", "-"], input: rows)
        let answers = try [graded, scored].map {
            try $0.output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        }
        for (grade, score) in zip(answers[0], answers[1]) {
            let inverse = try #require(grade["components"]?["p"]?.doubleValue)
            let perplexity = try #require(score["perplexity"]?.doubleValue)
            #expect(abs(inverse * perplexity - 1) < 0.02)
        }
        let similar = answers[0].compactMap { $0["components"]?["s"]?.doubleValue }
        #expect(similar.count == 2 && similar[0] > 0.999 && similar[1] < similar[0])
        let without = try await HoneProgram.run(
            ["grade", spec.path, "--input", "-"], input: rows)
        #expect(without.exitCode == 65 && without.errors.contains("--model"))
    }
}
