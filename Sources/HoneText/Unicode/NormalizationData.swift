/// ``NormalizationTables`` in the form that normalization reads: pages of 256 code points.
struct NormalizationData: Sendable {
    static let shared = NormalizationData()

    /// What is known of one code point.
    struct Entry {
        /// Canonical combining class; 0 for starters.
        var combiningClass: UInt8 = 0
        /// Whether it may change under NFC: it decomposes, or may compose with what is before it.
        var mayChangeInNFC = false
        /// Range of ``scalars``; empty if it does not decompose.
        var canonical: Range<UInt16> = 0..<0
        /// Range of ``scalars`` where compatibility decomposition differs from canonical.
        var compatibility: Range<UInt16> = 0..<0
    }

    /// Scalars of all decompositions, end to end.
    private(set) var scalars: [UInt32] = []
    /// For each 256 code points, the index of their page; page 0 has nothing on it.
    private var pageOf = [UInt8](repeating: 0, count: 0x110000 >> 8)
    private var entries = [Entry](repeating: Entry(), count: 256)
    /// Primary composites by first and second scalar.
    private var composites: [UInt64: UInt32] = [:]

    @inline(__always)
    func entry(_ scalar: UInt32) -> Entry {
        entries[Int(pageOf[Int(scalar >> 8)]) << 8 | Int(scalar & 0xFF)]
    }

    /// What `first` and `second` compose to, Hangul aside.
    func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
        composites[UInt64(first) << 32 | UInt64(second)]
    }

    private init() {
        var canonical: [(UInt32, [UInt32])] = []
        Self.readMappings(NormalizationTables.canonical) { canonical.append(($0, $1)) }
        for (scalar, parts) in canonical {
            let range = store(parts)
            change(scalar) {
                $0.canonical = range
                $0.mayChangeInNFC = true
            }
        }
        Self.readMappings(NormalizationTables.compatibility) { scalar, parts in
            let range = store(parts)
            change(scalar) { $0.compatibility = range }
        }
        for group in Self.fields(NormalizationTables.combiningClasses, ";") {
            let colon = group.firstIndex(of: UInt8(ascii: ":"))!
            let number = UInt8(String(decoding: group[..<colon], as: UTF8.self))!
            Self.readRanges(group[(colon + 1)...]) { scalar in
                change(scalar) {
                    $0.combiningClass = number
                    $0.mayChangeInNFC = true
                }
            }
        }
        compose(canonical)
        // Vowels and final consonants of Hangul compose with what is before them.
        for scalar in [UInt32](0x1161...0x1175) + [UInt32](0x11A8...0x11C2) {
            change(scalar) { $0.mayChangeInNFC = true }
        }
    }

    /// Finds the pairs that compose: a decomposition without its last scalar composes to the first
    /// half of its pair, so that short ones come first.
    private mutating func compose(_ canonical: [(UInt32, [UInt32])]) {
        var excluded: Set<UInt32> = []
        Self.readRanges(Self.bytes(NormalizationTables.excluded)) { excluded.insert($0) }
        let pairs = canonical.filter { $0.1.count > 1 && !excluded.contains($0.0) }
        for (scalar, parts) in pairs.sorted(by: { $0.1.count < $1.1.count }) {
            let first = parts.dropFirst().dropLast().reduce(parts[0]) {
                composites[UInt64($0) << 32 | UInt64($1)]!
            }
            composites[UInt64(first) << 32 | UInt64(parts.last!)] = scalar
            change(parts.last!) { $0.mayChangeInNFC = true }
        }
    }

    private mutating func store(_ parts: [UInt32]) -> Range<UInt16> {
        scalars.append(contentsOf: parts)
        return UInt16(scalars.count - parts.count)..<UInt16(scalars.count)
    }

    private mutating func change(_ scalar: UInt32, _ body: (inout Entry) -> Void) {
        let page = Int(scalar >> 8)
        if pageOf[page] == 0 {
            pageOf[page] = UInt8(entries.count >> 8)
            entries.append(contentsOf: repeatElement(Entry(), count: 256))
        }
        body(&entries[Int(pageOf[page]) << 8 | Int(scalar & 0xFF)])
    }

    // MARK: Reading the tables

    private static func bytes(_ text: StaticString) -> ArraySlice<UInt8> {
        text.withUTF8Buffer { ArraySlice($0) }
    }

    private static func fields(_ text: StaticString, _ separator: Unicode.Scalar)
        -> [ArraySlice<UInt8>]
    {
        bytes(text).split(separator: UInt8(ascii: separator))
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> UInt32 {
        digits.reduce(0) { $0 << 4 | UInt32($1 < 0x3A ? $1 - 0x30 : $1 - 0x61 + 10) }
    }

    /// The ends of `x..y`, or the one point `x` twice.
    private static func range(_ item: ArraySlice<UInt8>) -> ClosedRange<UInt32> {
        guard let dot = item.firstIndex(of: UInt8(ascii: ".")) else {
            return number(item)...number(item)
        }
        return number(item[..<dot])...number(item[(dot + 2)...])
    }

    private static func readRanges(_ text: ArraySlice<UInt8>, _ body: (UInt32) -> Void) {
        for item in text.split(separator: UInt8(ascii: " ")) {
            for scalar in range(item) { body(scalar) }
        }
    }

    /// What `StripAccents` drops.
    static let accents: Set<UInt32> = {
        var result: Set<UInt32> = []
        readRanges(bytes(NormalizationTables.accents)) { result.insert($0) }
        return result
    }()

    private static func readMappings(_ text: StaticString, _ body: (UInt32, [UInt32]) -> Void) {
        for group in fields(text, ";") {
            let colon = group.firstIndex(of: UInt8(ascii: ":"))!
            var scalar = number(group[..<colon])
            for item in group[(colon + 1)...].split(separator: UInt8(ascii: " ")) {
                if item.contains(UInt8(ascii: ".")) {
                    for target in range(item) {
                        body(scalar, [target])
                        scalar += 1
                    }
                } else {
                    body(scalar, item.split(separator: UInt8(ascii: "+")).map(number))
                    scalar += 1
                }
            }
        }
    }
}
