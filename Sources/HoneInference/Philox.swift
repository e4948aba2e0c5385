public import HoneCore

/// Philox4x32-10: a function from (key, counter) to 128 random bits.
///
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011),
/// section 4.3. No state, so any draw can be computed alone.
public struct Philox: Sendable, Hashable {
    public var key: SIMD2<UInt32>

    public init(key: SIMD2<UInt32>) { self.key = key }

    public init(seed: UInt64) {
        key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    }

    /// Four words, each uniform over all 32-bit values.
    public func words(_ counter: SIMD4<UInt32>) -> SIMD4<UInt32> {
        var x = counter
        var key = key
        for round in 0..<10 {
            if round > 0 { key &+= SIMD2(0x9E37_79B9, 0xBB67_AE85) }
            let first = UInt64(0xD251_1F53) * UInt64(x[0])
            let second = UInt64(0xCD9E_8D57) * UInt64(x[2])
            x = SIMD4(
                UInt32(truncatingIfNeeded: second >> 32) ^ x[1] ^ key[0],
                UInt32(truncatingIfNeeded: second),
                UInt32(truncatingIfNeeded: first >> 32) ^ x[3] ^ key[1],
                UInt32(truncatingIfNeeded: first))
        }
        return x
    }

    /// A number uniform in [0, 1) with 53 bits.
    public func uniform(_ counter: SIMD4<UInt32>) -> Double {
        let words = words(counter)
        let bits = UInt64(words[0]) << 32 | UInt64(words[1])
        return Double(bits >> 11) * 0x1p-53
    }
}

extension RandomStream {
    /// The number in [0, 1) that draws the token at `position` of the group's `member`.
    ///
    /// Each of step, row, member and position counts modulo 2³².
    public func uniform(member: Int, position: Int) -> Double {
        Philox(seed: seed).uniform(
            SIMD4(
                UInt32(truncatingIfNeeded: position), UInt32(truncatingIfNeeded: member),
                UInt32(truncatingIfNeeded: row), UInt32(truncatingIfNeeded: step)))
    }
}
