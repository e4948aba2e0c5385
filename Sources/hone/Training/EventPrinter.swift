import Foundation
import HoneCore
import HoneTraining

/// Prints each event of a run as a JSON line on standard output: `hone train --json`.
actor EventPrinter: RunObserver {
    func record(_ event: RunEvent) {
        FileHandle.standardOutput.write(Data((EventRow.json(of: event).text() + "\n").utf8))
    }
}
