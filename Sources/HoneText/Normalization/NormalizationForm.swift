/// A Unicode normalization form (UAX #15), over the tables of ``NormalizationTables``.
///
/// Foundation has these too, by the tables of its own version; ids must not depend on those.
enum NormalizationForm: String, Sendable {
    case nfc = "NFC"
    case nfd = "NFD"
    case nfkc = "NFKC"
    case nfkd = "NFKD"

    private var isCompatible: Bool { self == .nfkc || self == .nfkd }
    private var isComposed: Bool { self == .nfc || self == .nfkc }

    /// Appends `text` in this form to `output`.
    func apply(to text: UnsafeBufferPointer<UInt8>, _ output: ByteBuffer) {
        if isNormal(text) {
            output.append(text)
            return
        }
        let data = NormalizationData.shared
        var scalars: [UInt32] = []
        scalars.reserveCapacity(text.count)
        var index = 0
        while let (scalar, next) = UTF8Scalar.at(index, in: text) {
            decompose(scalar.value, data, into: &scalars)
            index = next
        }
        Self.order(&scalars, data)
        if isComposed { Self.compose(&scalars, data) }
        for scalar in scalars {
            // Tables hold scalars only.
            output.append(Unicode.Scalar(scalar)!)
        }
    }

    /// Whether `text` is seen at a glance to be in this form.
    private func isNormal(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        // Below U+0300, the first combining mark, NFC changes nothing; others change nothing in ASCII.
        let limit: UInt8 = self == .nfc ? 0xCC : 0x80
        guard text.contains(where: { $0 >= limit }) else { return true }
        guard self == .nfc else { return false }
        let data = NormalizationData.shared
        var index = 0
        while let (scalar, next) = UTF8Scalar.at(index, in: text) {
            if scalar.value >= 0x300, data.entry(scalar.value).mayChangeInNFC { return false }
            index = next
        }
        return true
    }

    private func decompose(
        _ scalar: UInt32, _ data: NormalizationData, into output: inout [UInt32]
    ) {
        if Hangul.syllables.contains(scalar) {
            Hangul.decompose(scalar, into: &output)
            return
        }
        let entry = data.entry(scalar)
        let range =
            isCompatible && !entry.compatibility.isEmpty ? entry.compatibility : entry.canonical
        if range.isEmpty {
            output.append(scalar)
        } else {
            for index in range { output.append(data.scalars[Int(index)]) }
        }
    }

    /// Brings marks between starters into the order of their classes, equal ones left in place.
    private static func order(_ scalars: inout [UInt32], _ data: NormalizationData) {
        var start = 0
        while start < scalars.count {
            guard data.entry(scalars[start]).combiningClass > 0 else {
                start += 1
                continue
            }
            var end = start
            // Class above, place below: sorting these numbers sorts the classes and keeps the rest.
            var keys: [UInt64] = []
            while end < scalars.count {
                let number = data.entry(scalars[end]).combiningClass
                guard number > 0 else { break }
                keys.append(UInt64(number) << 32 | UInt64(end))
                end += 1
            }
            if keys.count > 1 {
                keys.sort()
                let ordered = keys.map { scalars[Int($0 & 0xFFFF_FFFF)] }
                scalars.replaceSubrange(start..<end, with: ordered)
            }
            start = end
        }
    }

    /// Composes each starter with the marks behind it that nothing blocks, in place.
    private static func compose(_ scalars: inout [UInt32], _ data: NormalizationData) {
        var starter: Int?
        var kept = 0
        // The class of the scalar kept last, if it stands behind the starter.
        var lastClass: UInt8 = 0
        for index in scalars.indices {
            let scalar = scalars[index]
            let number = data.entry(scalar).combiningClass
            let isAdjacent = starter == kept - 1
            if let place = starter, isAdjacent || lastClass != 0 && lastClass < number,
                let composite = Hangul.composite(scalars[place], scalar)
                    ?? data.composite(scalars[place], scalar)
            {
                scalars[place] = composite
                continue
            }
            if number == 0 { starter = kept }
            lastClass = number
            scalars[kept] = scalar
            kept += 1
        }
        scalars.removeSubrange(kept...)
    }
}

/// Hangul syllables, which decompose and compose by arithmetic (The Unicode Standard, 3.12).
enum Hangul {
    static let syllables: Range<UInt32> = 0xAC00..<0xD7A4
    private static let leads: Range<UInt32> = 0x1100..<0x1113
    private static let vowels: Range<UInt32> = 0x1161..<0x1176
    /// One before the first final consonant, which stands for none.
    private static let finalBase: UInt32 = 0x11A7
    private static let finalCount: UInt32 = 28

    /// Appends the two or three letters of `syllable`.
    static func decompose(_ syllable: UInt32, into output: inout [UInt32]) {
        let index = syllable - syllables.lowerBound
        let vowelCount = UInt32(vowels.count)
        output.append(leads.lowerBound + index / (vowelCount * finalCount))
        output.append(vowels.lowerBound + index % (vowelCount * finalCount) / finalCount)
        if index % finalCount > 0 { output.append(finalBase + index % finalCount) }
    }

    /// The syllable of a lead and a vowel, or of an open syllable and a final consonant.
    static func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if leads.contains(first), vowels.contains(second) {
            let pair =
                (first - leads.lowerBound) * UInt32(vowels.count) + second - vowels.lowerBound
            return syllables.lowerBound + pair * finalCount
        }
        guard syllables.contains(first), (first - syllables.lowerBound) % finalCount == 0,
            second > finalBase, second < finalBase + finalCount
        else { return nil }
        return first + second - finalBase
    }
}
