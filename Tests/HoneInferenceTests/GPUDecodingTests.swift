import HoneCore
import HoneModels
import TestSupport
import Testing
import Torch

@testable import HoneInference

/// Decoding on a GPU; counted as skipped where there is none.
@Suite(.serialized, .tags(.gpu), .enabled(if: Torch.isCUDAAvailable, "needs an NVIDIA GPU"))
struct GPUDecodingTests {
    private func requests(_ model: DecoderModel) -> [GenerationRequest] {
        [5, 33].map {
            TinyModel.request(TinyModel.prompt($0, model: model), count: 3, row: $0)
        }
    }

    @Test(arguments: TinyModel.names) func aGPUDrawsWhatACPUDraws(name: String) throws {
        try Torch.setExactFloat32(true)
        let host = try TinyModel.load(name)
        let model = try DecoderModel.load(
            folder: Fixtures.url("models/\(name)"), dtype: .float32, device: .cuda(0))
        let expected = try Engine(host).generate(requests(host))
        for decoding in [DecodingPlace.onHost, .onDevice, .recordedOnDevice] {
            let engine = try Engine(model)
            engine.decoding = decoding
            let found = try engine.generate(requests(model))
            #expect(
                found.map { $0.map(\.tokens) } == expected.map { $0.map(\.tokens) }, "\(decoding)")
        }
    }

    @Test func stepsAreReallyRecorded() throws {
        #expect(RecordedWork.isSupported(on: .cuda(0)))
        let sum = try Tensor.zeros([4], device: .cuda(0))
        let work = try RecordedWork(on: .cuda(0)) { try sum.add_(1) }
        #expect(try sum.floats() == [0, 0, 0, 0])
        for _ in 0..<3 { try work.replay() }
        #expect(try sum.floats() == [3, 3, 3, 3])
    }
}
