import Foundation
import HoneCore
import OrderedCollections

/// The completions that a run's own folder holds: `completions.jsonl`, with the columns of each row from
/// `rows.jsonl`, or, where an earlier version wrote none, from the dataset that its recipe names.
public struct FolderCompletions: StoredCompletions {
    private let file: URL
    private let rows: RowsByIndex

    /// - Parameters:
    ///   - run: the run's folder.
    ///   - dataset: where rows lie that the folder does not hold.
    public init(_ run: RunFolder, dataset: DatasetConfig) {
        file = run.completions
        rows = RowsByIndex(run.rows, dataset)
    }

    public func forEachStep(
        in steps: ClosedRange<Int>?, _ body: ([RecordedGroup]) async throws -> Void
    ) async throws {
        guard FileManager.default.fileExists(atPath: file.path) else { return }
        let handle = try FileHandle(forReadingFrom: file)
        defer { try? handle.close() }
        var rest: [UInt8] = []
        var step: [JSONValue] = []
        func finish() async throws {
            guard let first = step.first?["step"]?.intValue, steps?.contains(first) ?? true else {
                return
            }
            try await body(try await groups(step))
        }
        while let data = try handle.read(upToCount: 1 << 20), !data.isEmpty {
            rest += data
            var begin = 0
            while let end = rest[begin...].firstIndex(of: UInt8(ascii: "\n")) {
                let row = try JSONValue(parsing: Array(rest[begin..<end]))
                begin = end + 1
                if row["step"] != step.first?["step"], !step.isEmpty {
                    try await finish()
                    step.removeAll(keepingCapacity: true)
                }
                step.append(row)
            }
            rest.removeFirst(begin)
        }
        if !step.isEmpty { try await finish() }
    }

    public func latest(_ count: Int) async throws -> [[RecordedGroup]] {
        guard FileManager.default.fileExists(atPath: file.path) else { return [] }
        let handle = try FileHandle(forReadingFrom: file)
        defer { try? handle.close() }
        let length = try handle.seekToEnd()
        var size: UInt64 = 1 << 20
        while true {
            let offset = length > size ? length - size : 0
            try handle.seek(toOffset: offset)
            var lines = try (handle.read(upToCount: Int(length - offset)) ?? Data())
                .split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            // What stands behind the last line's end is being written; the first line may be a part.
            lines.removeLast()
            if offset > 0, !lines.isEmpty { lines.removeFirst() }
            let rows = try lines.map { try JSONValue(parsing: [UInt8]($0)) }
            var steps = rows.chunked { $0["step"] == $1["step"] }
            if offset > 0, !steps.isEmpty { steps.removeFirst() }
            var found = 0
            var wanted: [[JSONValue]] = []
            for step in steps.reversed() where found < count {
                wanted.append(step)
                found += step.count
            }
            if found >= count || offset == 0 {
                var latest: [[RecordedGroup]] = []
                for step in wanted.reversed() { latest.append(try await groups(step)) }
                return latest
            }
            size *= 2
        }
    }

    /// The groups of one step: members of a group follow each other.
    private func groups(_ step: [JSONValue]) async throws -> [RecordedGroup] {
        var groups: [RecordedGroup] = []
        for members in step.chunked(by: { $0["row"] == $1["row"] }) {
            guard let first = members.first, let number = first["step"]?.intValue,
                let index = first["row"]?.intValue
            else { throw RewardRecordError.unreadable("a line of \(file.path)") }
            groups.append(
                RecordedGroup(
                    step: number, row: try await rows.row(index, step: number),
                    prompt: first["prompt"]?.stringValue ?? "",
                    completions: members.map(Self.completion)))
        }
        return groups
    }

    private static func completion(_ line: JSONValue) -> RecordedCompletion {
        var scores: [String: Double?] = [:]
        for (key, value) in line.objectValue ?? [:] where key.hasPrefix("rewards/") {
            scores.updateValue(value.doubleValue, forKey: String(key.dropFirst(8)))
        }
        return RecordedCompletion(
            text: line["completion"]?.stringValue ?? "", tokens: line["tokens"]?.intValue ?? 0,
            reward: line["reward"]?.doubleValue, scores: scores,
            advantage: line["advantage"]?.doubleValue)
    }
}

/// The rows that a run was trained on by their index, read when the first is asked for.
private actor RowsByIndex {
    private let file: URL
    private let config: DatasetConfig
    private var history: RowHistory?
    private var dataset: [Int: DatasetRow]?

    init(_ file: URL, _ config: DatasetConfig) {
        self.file = file
        self.config = config
    }

    func row(_ index: Int, step: Int) throws -> DatasetRow {
        // Read again where a run that goes on has asked a row since.
        if let row = history?.row(index, .training, step: step) { return row }
        let known = try AskedRows.history(file)
        history = known
        if let row = known.row(index, .training, step: step) { return row }
        if dataset == nil {
            let read = try Dataset<DatasetRow>.prompts(config).train.all()
            dataset = Dictionary(
                read.map { ($0.index, $0) }, uniquingKeysWith: { first, _ in first })
        }
        guard let row = dataset?[index] else {
            throw RewardRecordError.unreadable("row \(index) of \(config.path)")
        }
        return row
    }
}

extension Array {
    /// Runs of neighbours that belong together.
    fileprivate func chunked(by belong: (Element, Element) -> Bool) -> [[Element]] {
        var chunks: [[Element]] = []
        for element in self {
            if let last = chunks.last?.last, belong(last, element) {
                chunks[chunks.count - 1].append(element)
            } else {
                chunks.append([element])
            }
        }
        return chunks
    }
}
