import HoneCore
import HoneText
import OrderedCollections

/// The rows of a dataset's files that can be used: where each stands, and how it is made.
struct RowTable<Row: Sendable>: Sendable {
    typealias Maker = @Sendable (SourceRow, Int) throws(DatasetError.BadRow) -> Row

    /// Hash of the split key of each row, if there is one.
    private(set) var keys: [UInt64]?
    private(set) var census: RowCensus
    /// Positions of the rows that the recipe's condition holds out.
    private(set) var held: Set<Int> = []
    private var places: [Place] = []
    private let scan: RowScan
    private let make: Maker

    /// 24 bytes: a million rows need as many megabytes.
    private struct Place: Sendable {
        var offset: Int
        var length: UInt32
        var line: UInt32
        var index: UInt32
        var source: UInt32
    }

    /// Reads the files at `path` once, to find the rows and to check every one of them.
    /// - Parameters:
    ///   - preview: read only so many rows of each file; `nil` reads all.
    ///   - fingerprint: a number that two rows share when they ask the same.
    /// - Throws: ``DatasetError``: the bad rows, where there are more than the recipe tolerates.
    init(
        _ path: String, split: String?, _ config: DatasetConfig, preview: Int?,
        make: @escaping Maker, fingerprint: (Row) -> UInt64
    ) throws(DatasetError) {
        scan = RowScan(
            sources: try DatasetFiles.open(path, config, split: split),
            pipeline: try RowPipeline(config))
        self.make = make
        var census = RowCensus(steps: config.steps.count)
        var keys: [UInt64]? = config.splitKey == nil ? nil : []
        var places: [Place] = []
        var asked: Set<UInt64> = []
        var held: Set<Int> = []
        let condition = try Self.condition(config)
        let sources = scan.sources
        try scan.forEach(limit: preview) { visit throws(DatasetError) in
            census.read += 1
            let source = sources[visit.source]
            switch visit.outcome {
            case .bad(let row): census.note(row, path: source.path)
            case .dropped(let step): census.dropped[step] += 1
            case .kept(let columns):
                guard let extent = visit.extent else { return }
                do throws(DatasetError.BadRow) {
                    let row = try make(columns, visit.index)
                    let key = try config.splitKey.map { column throws(DatasetError.BadRow) in
                        try Self.key(column, of: columns)
                    }
                    if config.duplicates != .keep, !asked.insert(fingerprint(row)).inserted {
                        guard config.duplicates == .drop else {
                            throw columns.bad("asks what an earlier row asks")
                        }
                        census.duplicates += 1
                        return
                    }
                    if try condition?.passes(columns) ?? false { held.insert(places.count) }
                    if let key { keys?.append(key) }
                } catch {
                    census.note(error, path: source.path)
                    return
                }
                guard let line = UInt32(exactly: extent.line),
                    let index = UInt32(exactly: visit.index)
                else { throw .unreadable(path: path, reason: "it has more than 2^32 lines") }
                places.append(
                    Place(
                        offset: extent.offset, length: UInt32(extent.length), line: line,
                        index: index, source: UInt32(visit.source)))
            }
        }
        guard census.bad <= config.toleratedBadRows(of: census.read) else {
            throw .badRows(path: path, first: census.firstBad, count: census.bad)
        }
        guard !places.isEmpty else {
            throw census.read == 0 ? .empty(path: path) : .allDropped(path: path, rows: census.read)
        }
        self.keys = keys
        self.census = census
        self.places = places
        self.held = held
    }

    /// What holds rows out, with its patterns compiled.
    private static func condition(_ config: DatasetConfig) throws(DatasetError) -> RowFilter? {
        guard case .condition(let filter)? = config.test else { return nil }
        do throws(TextPatternError) {
            return try RowFilter(filter)
        } catch {
            throw .impossibleSplit(reason: "\(error)")
        }
    }

    private static func key(_ column: String, of row: SourceRow) throws(DatasetError.BadRow)
        -> UInt64
    {
        guard let key = row.columns[column] else {
            throw row.bad("no column \(column), which dataset.split_key names")
        }
        return Fingerprint.of(key.text())
    }

    var count: Int { places.count }

    /// The rows at `positions` of this table.
    func rows(_ positions: [Int]) -> DatasetRows<Row> {
        DatasetRows(count: positions.count) { try row(at: positions[$0]) }
    }

    /// All rows.
    var all: DatasetRows<Row> { DatasetRows(count: count) { try row(at: $0) } }

    private func row(at position: Int) throws(DatasetError) -> Row {
        let place = places[position]
        let source = scan.sources[Int(place.source)]
        var row = try source.row(
            at: RecordExtent(
                offset: place.offset, length: Int(place.length), line: Int(place.line)))
        do throws(DatasetError.BadRow) {
            _ = try scan.pipeline.apply(to: &row)
            return try make(row, Int(place.index))
        } catch {
            // It was made once already, of the same bytes.
            throw .changed(path: source.path)
        }
    }
}

/// A number of 64 bits that stands for a text. Of ten million texts two share one with a probability of
/// about 3e-6.
enum Fingerprint {
    /// FNV-1a, its bits mixed once more.
    static func of(_ text: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return SplitMix.mixed(hash)
    }

    /// That of what a row asks.
    static func of(_ prompt: DatasetRow.Prompt) -> UInt64 {
        switch prompt {
        case .text(let text): of(text)
        case .messages(let messages):
            of(JSONValue.array(messages.map(\.json)).text())
        }
    }
}
