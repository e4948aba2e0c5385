import Foundation
import HoneCore

/// Shows a run on standard error: a block that is redrawn in a terminal, plain lines elsewhere.
actor TerminalView: RunObserver {
    private var view = RunView()
    private let style: Style
    private var drawnLines = 0

    enum Style {
        case live
        case plain

        /// Live where standard error is a terminal that can move its cursor.
        static var detected: Style {
            let terminal = ProcessInfo.processInfo.environment["TERM"] ?? "dumb"
            return isatty(STDERR_FILENO) == 1 && terminal != "dumb" ? .live : .plain
        }
    }

    init(style: Style = .detected) { self.style = style }

    func record(_ event: RunEvent) {
        let standing = view.take(event)
        switch style {
        case .plain:
            var lines = standing
            if case .step = event { lines.append(view.line) }
            write(lines.map { $0 + "\n" }.joined())
        case .live:
            // Up to the first line of the old block, clear to the end, standing lines, the block anew.
            let back = drawnLines > 0 ? "\u{1B}[\(drawnLines)F\u{1B}[J" : ""
            let width = TerminalText.width(of: STDERR_FILENO)
            let block = view.block(width: width)
            drawnLines = block.count
            let whole = standing.flatMap { TerminalText.wrapped($0, width: width, indent: 4) }
            write(back + (whole + block).map { $0 + "\n" }.joined())
        }
    }

    private func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}
