/// The fenced blocks of a text, as Markdown has them.
enum CodeBlock {
    /// What the last block holds that begins with a line of three or more backticks (and perhaps a
    /// language); up to its closing line, or to the end where it is never closed. `nil` without a block.
    static func last(in text: String) -> String? {
        var found: [Substring]?
        var open: (fence: Int, lines: [Substring])?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let indented = line.drop { $0 == " " || $0 == "\t" }
            let ticks = indented.prefix { $0 == "`" }.count
            if let block = open {
                let isClosing =
                    ticks >= block.fence && indented.dropFirst(ticks).allSatisfy(\.isWhitespace)
                if isClosing {
                    found = block.lines
                    open = nil
                } else {
                    open?.lines.append(line)
                }
            } else if ticks >= 3, !indented.dropFirst(ticks).contains("`") {
                open = (ticks, [])
            }
        }
        return (open?.lines ?? found)?.joined(separator: "\n")
    }
}
