import Foundation
import TestSupport
import Testing

@testable import Torch

@Suite struct MemoryTests {
    /// A container may take less than the machine has; a word or a missing file is no limit.
    @Test func totalMemoryIsWhatAContainerMayTake() throws {
        let folder = try ScratchFolder()
        func total(_ texts: String...) throws -> Int {
            let files = try texts.enumerated().map { index, text in
                try folder.file("\(index)", text).path
            }
            return MemoryFigures.totalBytes(limitFiles: files + ["/nowhere"])
        }
        let machine = Int(ProcessInfo.processInfo.physicalMemory)
        #expect(try total("max\n") == machine)
        #expect(try total("max\n", "536870912\n") == 536_870_912)
        #expect(try total("9223372036854771712\n") == machine)
    }

    /// One step of a two-layer classifier, as a trainer does it.
    static func step(_ weights: [Tensor], _ optimizer: AdamW, _ seed: UInt64) throws {
        let x = try Tensor.randn([64, 32], seed: seed)
        let targets = try (Tensor.rand([64], seed: seed) * 50).to(.int64)
        let hidden = try x.linear(weights[0]).silu().rmsNorm(weight: nil, epsilon: 1e-6)
        let scores = try Kernels.linearLogProbabilities(
            hidden: hidden, weight: weights[1], targets: targets)
        try (scores.logProbabilities.mean() * -1).backward()
        _ = try clipGradientNorm(weights, maximum: 1)
        try optimizer.step()
        try optimizer.zeroGradients()
    }

    /// In a process of its own, where no other test's tensors are counted.
    @Test func aThousandStepsDoNotGrow() async {
        await #expect(processExitsWith: .success) {
            let weights = try [Tensor.randn([64, 32], seed: 1), Tensor.randn([50, 64], seed: 2)]
            for weight in weights { weight.requiresGradient = true }
            let optimizer = AdamW([("a", weights[0]), ("b", weights[1])])
            for seed in 0..<50 { try MemoryTests.step(weights, optimizer, UInt64(seed)) }
            let before = liveTensorCount
            let residentBefore = try #require(MemoryFigures.residentBytes)
            for seed in 0..<1000 { try MemoryTests.step(weights, optimizer, UInt64(seed)) }
            // The two weights and their four moments.
            #expect(before == 6)
            #expect(liveTensorCount == before)
            // One leaked [64, 64] f32 tensor per step would be 16 MB.
            let residentAfter = try #require(MemoryFigures.residentBytes)
            #expect(residentAfter - residentBefore < 8 << 20)
        }
    }
}
