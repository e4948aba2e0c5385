/// Which blocks of the cache are free.
///
/// The block freed last is given out first: its memory is warm, and blocks never used are never
/// touched, so the system need not supply their pages.
struct CacheBlocks: Sendable {
    let count: Int
    private var free: [Int32]

    init(count: Int) {
        self.count = count
        free = (0..<Int32(count)).reversed()
    }

    var freeCount: Int { free.count }

    /// `wanted` blocks, or nil where fewer are free.
    mutating func allocate(_ wanted: Int) -> [Int32]? {
        guard wanted <= free.count else { return nil }
        let taken = Array(free.suffix(wanted).reversed())
        free.removeLast(wanted)
        return taken
    }

    mutating func release(_ blocks: [Int32]) {
        free.append(contentsOf: blocks.reversed())
        precondition(free.count <= count, "a cache block was given back twice")
    }
}
