import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

/// `hone doctor` on this machine and on one that lacks Python.
@Suite struct DoctorCommandTests {
    private struct Findings {
        let outcome: HoneProgram.Outcome
        let rows: [JSONValue]

        /// By the environment variables given, the program finds its Python.
        init(environment: [String: String]) async throws {
            outcome = try await HoneProgram.run(["doctor", "--json"], environment: environment)
            let report = try JSONValue(parsing: outcome.output)
            rows = try #require(report["findings"]?.arrayValue)
        }

        func state(of subject: String) throws -> String {
            let row = try #require(rows.first { $0["subject"]?.stringValue == subject })
            return try #require(row["state"]?.stringValue)
        }

        var missing: [String] {
            rows.filter { $0["state"]?.stringValue == "missing" }
                .compactMap { $0["subject"]?.stringValue }
        }
    }

    @Test func theExitCodeSaysWhetherAnythingIsMissing() async throws {
        let found = try await Findings(environment: [:])
        #expect(found.outcome.exitCode == (found.missing.isEmpty ? 0 : 70))
        #expect(try found.state(of: "Python") == "ok")
        #expect(try found.state(of: "products") != "missing")
        for subject in ["libtorch", "instructions", "GPU", "memory", "will use"] {
            #expect(["ok", "note"].contains(try found.state(of: subject)), "\(subject)")
        }
    }

    /// Without our own products the machine is one that lacks their instructions.
    @Test func anInstructionSetCanBeForbidden() async throws {
        let plain = try await Findings(environment: ["HONE_INSTRUCTION_SET": "plain"])
        #expect(try plain.state(of: "products") == "note")
        let misspelt = try await HoneProgram.run(
            ["doctor"], environment: ["HONE_INSTRUCTION_SET": "avx"])
        #expect(misspelt.errors.contains("HONE_INSTRUCTION_SET is avx, which is none of"))
    }

    @Test(arguments: ["/nowhere/python", "/bin/false"])
    func aPythonThatDoesNotRunIsMissing(path: String) async throws {
        let found = try await Findings(environment: ["HONE_PYTHON": path])
        #expect(found.outcome.exitCode == 70)
        #expect(found.missing.contains("Python") && found.missing.contains("pyarrow"))
        let text = try await HoneProgram.run(["doctor"], environment: ["HONE_PYTHON": path])
        #expect(text.exitCode == 70)
        #expect(text.output.contains("✗ Python"), "\(text.output)")
    }
}
