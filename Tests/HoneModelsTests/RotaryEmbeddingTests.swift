import Testing
import Torch

@testable import HoneModels

@Suite struct RotaryEmbeddingTests {
    static let scalings: [RotaryScaling] = [
        .none, .dynamic(factor: 2, maximum: 64),
        .long(
            short: .init(repeating: 1, count: 16), long: .init(repeating: 3, count: 16),
            original: 64, attentionFactor: 1.25),
    ]

    /// A table of angles holds what each position's own computation gives, to the bit, also after it has
    /// grown and where the length that chooses the angles changes.
    @Test(arguments: scalings) func tableHasTheBitsOfSinglePositions(scaling: RotaryScaling) throws
    {
        let config = RotaryConfig(base: 10_000, width: 32, scaling: scaling)
        let rotary = RotaryEmbedding(config: config, device: .cpu)
        let calls = [
            ([3, 0, 77], 40), ([299, 3], 300), ([5], 300), ([1023, 700, 12, 13, 14], 90),
        ]
        for (positions, length) in calls {
            let rows = try Tensor(positions)
            let reach = (positions.max() ?? 0) + 1
            let read = try rotary.angles(positions: rows, length: length, reach: reach)
            let made = try RotaryEmbedding(config: config, device: .cpu)
                .angles(positions: rows, length: length)
            #expect(try read.cosine.floats() == made.cosine.floats())
            #expect(try read.sine.floats() == made.sine.floats())
        }
    }
}
