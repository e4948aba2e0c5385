/// The tag pairs `<name>…</name>` of a text.
struct TaggedText {
    let opening: [UInt8]
    let closing: [UInt8]

    /// - Parameter tag: the name without brackets: `answer`.
    init(tag: String) {
        opening = Array("<\(tag)>".utf8)
        closing = Array("</\(tag)>".utf8)
    }

    /// What stands between each opening tag and the next closing tag, from left to right without
    /// overlap: Python's `re.findall(r"<tag>([\s\S]*?)</tag>", text)`.
    func contents(in text: [UInt8]) -> [String] {
        var found: [String] = []
        var position = 0
        while let open = text.firstIndex(of: opening, from: position) {
            let start = open + opening.count
            guard let close = text.firstIndex(of: closing, from: start) else { break }
            found.append(text.text(start..<close))
            position = close + closing.count
        }
        return found
    }
}
