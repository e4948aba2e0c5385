/// Seeds that depend on counters alone, so that a draw does not depend on the draws before it.
enum CounterSeed {
    /// A seed for draw number `counter` of `seed` (the SplitMix64 output function).
    static func mix(_ seed: UInt64, _ counter: UInt64) -> UInt64 {
        var state = seed &+ 0x9E37_79B9_7F4A_7C15 &* (counter &+ 1)
        state = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        state = (state ^ (state >> 27)) &* 0x94D0_49BB_1331_11EB
        return state ^ (state >> 31)
    }

    /// A number for `name` that is the same in every run (FNV-1a).
    static func hash(_ name: String) -> UInt64 {
        name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
