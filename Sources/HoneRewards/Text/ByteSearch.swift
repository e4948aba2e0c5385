/// Searching in UTF-8. Tags are looked for as bytes: Swift's `String` compares whole characters, so
/// a tag followed by a combining mark would not be found in it.
extension Array where Element == UInt8 {
    /// The start of the first occurrence of `needle` at or after `start`.
    func firstIndex(of needle: [UInt8], from start: Int = 0) -> Int? {
        guard let first = needle.first, count >= needle.count else { return nil }
        var index = start
        let last = count - needle.count
        while index <= last {
            if self[index] == first, has(needle, at: index) { return index }
            index += 1
        }
        return nil
    }

    /// The start of the last occurrence of `needle`.
    func lastIndex(of needle: [UInt8]) -> Int? {
        guard !needle.isEmpty, count >= needle.count else { return nil }
        return (0...(count - needle.count)).reversed().first { has(needle, at: $0) }
    }

    /// Whether `needle` stands at `index`.
    func has(_ needle: [UInt8], at index: Int) -> Bool {
        guard index >= 0, index + needle.count <= count else { return false }
        for offset in needle.indices where self[index + offset] != needle[offset] { return false }
        return true
    }

    /// The text of a range that begins and ends beside ASCII.
    func text(_ range: Range<Int>) -> String { String(decoding: self[range], as: UTF8.self) }
}
