import Foundation
import HoneCore
import TestSupport
import Testing

@testable import HoneTraining

@Suite struct RewardArchiveTests {
    private let scratch: ScratchFolder

    init() throws { scratch = try ScratchFolder() }

    private func open(_ first: [VersionedReward] = []) throws -> RewardArchive {
        try RewardArchive.open(scratch.url.appending(path: "rewards")) { first }
    }

    @Test func aVersionIsItsDeclarationAndItsText() async throws {
        let archive = try open([
            Versions.reward("format", text: "1"), Versions.reward("length"),
        ])
        #expect(await archive.latest.names == ["format_v1", "length_v1"])
        let numbered = await archive.numbered([
            Versions.reward("format", text: "2"), Versions.reward("length", weight: 0.5),
            Versions.reward("new"),
        ])
        #expect(numbered.map(\.name) == ["format_v2", "length_v2", "new_v1"])
        // What was in force before comes back under its own name, wherever the file lies by now.
        let back = await archive.numbered([
            Versions.reward("format", text: "1", origin: "/elsewhere/r.py")
        ])
        #expect(back.map(\.name) == ["format_v1"])
    }

    @Test func aVersionIsNotCalledAsAnotherFunctionIs() async throws {
        let archive = try open([
            Versions.reward("format", text: "1"), Versions.reward("format_v2"),
        ])
        let numbered = await archive.numbered([
            Versions.reward("format", text: "2"), Versions.reward("format_v2"),
        ])
        #expect(numbered.map(\.name) == ["format_v3", "format_v2_v1"])
    }

    @Test func theHistoryOutlivesTheProcessAndALineHalfWritten() async throws {
        let archive = try open([Versions.reward("format", text: "1")])
        let second = await archive.numbered([Versions.reward("format", text: "2")])
        try await archive.append(
            RewardChange(id: "x", reason: .update, firstStep: 7, inForce: second))
        let file = scratch.url.appending(path: "rewards/history.jsonl")
        let whole = try Data(contentsOf: file)
        try (whole + Data(#"{"id":"y","rea"#.utf8)).write(to: file)
        #expect(
            try RewardArchive.changes(in: scratch.url.appending(path: "rewards")).map(\.id)
                == ["start", "x"])
        let again = try open()
        #expect(await again.change(at: 6).names == ["format_v1"])
        #expect(await again.change(at: 7).names == ["format_v2"])
        #expect(await again.functionsWithVersions(upTo: 6) == [])
        #expect(await again.functionsWithVersions(upTo: 7) == ["format"])
        #expect(try Data(contentsOf: file) == whole)
    }

    @Test func sourcesStandBesideTheirImportsAndData() async throws {
        let file = try scratch.file(
            "user/r.py",
            "import helper, os\ndef f(p, c, e):\n    from deep import x\n    return 1\n")
        try scratch.file("user/helper.py", "import nothing_here\n")
        try scratch.file("user/deep.py", "x = 1\n")
        try scratch.file("user/unrelated.py", "x = 2\n")
        try scratch.file("user/words.txt", "words")
        let source = try RewardSource(reading: file.path)
        #expect(source.texts.keys.sorted() == ["deep.py", "helper.py", "r.py"])
        let archive = try open([Versions.reward("a")])
        var reward = Versions.reward("f", text: "")
        reward.source = source
        let place = try #require(try await archive.files(of: [reward])["f"])
        let folder = URL(filePath: place).deletingLastPathComponent()
        // The user's file may change or go; the version does not.
        try Data("broken(".utf8).write(to: file)
        #expect(try String(contentsOfFile: place, encoding: .utf8) == source.texts["r.py"])
        #expect(
            try String(contentsOf: folder.appending(path: "words.txt"), encoding: .utf8) == "words")
        #expect(try await archive.files(of: [reward])["f"] == place)
    }

    @Test func aVersionIsReadBackAsItWasWritten() throws {
        let reward = Versions.reward("format", text: "def f():\n\treturn \"é\"\n", weight: 0.25)
        #expect(try VersionedReward(json: JSONValue(parsing: reward.json.text())) == reward)
        let proposal = Versions.proposal("1", [reward], basis: ["format_v1"], intent: .trial)
        #expect(try RewardProposal(json: JSONValue(parsing: proposal.json.text())) == proposal)
        #expect(throws: RewardRecordError.self) { try VersionedReward(json: ["number": 1]) }
    }
}
