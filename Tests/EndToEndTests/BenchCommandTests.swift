import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

/// `hone bench` as scripts use it; its times are not tested.
@Suite struct BenchCommandTests {
    private let model = Fixtures.folder
        .appending(path: "../../Pretrained/countdown-tiny").standardized.path

    @Test func measuresABaseInFourBits() async throws {
        let outcome = try await HoneProgram.run([
            "bench", "--model", model, "--dtype", "f32", "--rank", "4", "--steps", "1",
            "--num-prompts", "2", "--num-generations", "2", "--max-completion-length", "8",
            "--quantization", "nf4", "--json",
        ])
        try #require(outcome.exitCode == 0, "\(outcome.errors)")
        let row = try JSONValue(parsing: outcome.output)
        let work = try #require(row["work"]?.stringValue)
        #expect(work.hasSuffix("LoRA 4 on nf4, float32, 2 × 2 × 8 tokens"), "\(work)")
        // Each decode step reads 0.52 to 0.6 bytes a parameter, where f32 would be 4.
        let floor = try #require(row["generate"]?["floor_seconds"]?.doubleValue)
        let bandwidth = try #require(row["memory_bandwidth"]?.doubleValue)
        let parameters = 895_104.0
        let bytes = floor * bandwidth / 8 / parameters
        #expect(bytes > 0.5 && bytes < 0.61, "\(bytes) bytes a parameter")
    }

    @Test(arguments: [
        (["--rank", "0"], "give --rank above 0"),
        (["--rollout-quantization", "int8"], "leave out --rollout-quantization"),
    ])
    func refusesWhatFourBitsCannotDo(options: [String], remedy: String) async throws {
        let outcome = try await HoneProgram.run(
            ["bench", "--model", model, "--quantization", "nf4"] + options)
        #expect(outcome.exitCode == 64)
        #expect(outcome.errors.contains(remedy), "\(outcome.errors)")
    }
}
