import Foundation

/// Text on its way to a terminal.
enum TerminalText {
    /// Columns of the terminal at `descriptor`; 80 where there is none.
    static func width(of descriptor: Int32) -> Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// A path below the working directory without the way to that; any other as it is.
    static func shortPath(_ path: String) -> String {
        let here = FileManager.default.currentDirectoryPath + "/"
        return path.hasPrefix(here) ? String(path.dropFirst(here.count)) : path
    }

    /// `text` without characters that a terminal would obey: a completion may hold any.
    static func harmless(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isCommand) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { result.append(isCommand(scalar) ? "\u{FFFD}" : scalar) }
        return String(result)
    }

    private static func isCommand(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.generalCategory == .control && scalar != "\n" && scalar != "\t"
    }

    /// `text` in lines of at most `width` characters, broken at blanks where there are any; what goes on
    /// begins `indent` blanks in.
    static func wrapped(_ text: String, width: Int, indent: Int = 0) -> [String] {
        harmless(text).split(separator: "\n", omittingEmptySubsequences: false).flatMap { line in
            var (rest, lines) = (Substring(line), [String]())
            var margin = ""
            while margin.count + rest.count > width {
                let head = rest.prefix(max(width - margin.count, 1))
                let blank = head.lastIndex(of: " ")
                let end = blank.map { $0 > head.startIndex ? $0 : head.endIndex } ?? head.endIndex
                lines.append(margin + rest[..<end])
                rest = rest[end...].drop { $0 == " " }
                margin = String(repeating: " ", count: min(indent, width / 2))
            }
            return lines + [margin + rest]
        }
    }

    /// `texts` in columns beside each other, `width` characters altogether.
    static func sideBySide(_ texts: [String], width: Int) -> [String] {
        let gap = 3
        let column = max((width - gap * (texts.count - 1)) / max(texts.count, 1), 8)
        let columns = texts.map { wrapped($0, width: column) }
        let height = columns.map(\.count).max() ?? 0
        return (0..<height).map { line in
            var row = ""
            for (index, lines) in columns.enumerated() {
                let cell = lines.indices.contains(line) ? lines[line] : ""
                if index == columns.count - 1 {
                    row += cell
                } else {
                    row += cell + String(repeating: " ", count: max(column - cell.count, 0)) + " │ "
                }
            }
            return row
        }
    }
}
