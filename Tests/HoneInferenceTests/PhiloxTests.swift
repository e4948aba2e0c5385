import HoneCore
import Testing

@testable import HoneInference

@Suite struct PhiloxTests {
    /// Known answers of the authors' library Random123 (`kat_vectors`, philox4x32 with 10 rounds).
    @Test func givesTheKnownAnswers() {
        #expect(
            Philox(key: [0, 0]).words([0, 0, 0, 0])
                == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
        #expect(
            Philox(key: [.max, .max]).words([.max, .max, .max, .max])
                == [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd])
        #expect(
            Philox(key: [0xa409_3822, 0x299f_31d0])
                .words([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344])
                == [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1])
    }

    @Test func everyCoordinateSelectsAnotherNumber() {
        let base = RandomStream(seed: 1, step: 2, row: 3)
        var seen: Set<Double> = [base.uniform(member: 4, position: 5)]
        seen.insert(RandomStream(seed: 9, step: 2, row: 3).uniform(member: 4, position: 5))
        seen.insert(
            RandomStream(seed: 1 << 32 | 1, step: 2, row: 3).uniform(member: 4, position: 5))
        seen.insert(RandomStream(seed: 1, step: 9, row: 3).uniform(member: 4, position: 5))
        seen.insert(RandomStream(seed: 1, step: 2, row: 9).uniform(member: 4, position: 5))
        seen.insert(base.uniform(member: 9, position: 5))
        seen.insert(base.uniform(member: 4, position: 9))
        #expect(seen.count == 7)
    }

    @Test func numbersAreUniform() {
        let stream = RandomStream(seed: 7)
        var bins = [Int](repeating: 0, count: 20)
        for position in 0..<20_000 {
            let number = stream.uniform(member: position % 8, position: position / 8)
            #expect(number >= 0 && number < 1)
            bins[Int(number * 20)] += 1
        }
        // χ² with 19 degrees of freedom exceeds 43.8 once in a thousand; the numbers are fixed.
        let chi = bins.reduce(0.0) { $0 + Double(($1 - 1000) * ($1 - 1000)) / 1000 }
        #expect(chi < 43.8)
    }
}
