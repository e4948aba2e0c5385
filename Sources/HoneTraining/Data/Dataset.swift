import Foundation
import HoneCore
import OrderedCollections

/// The rows of a run: those to train on and those held out.
public struct Dataset<Row: Sendable>: Sendable {
    public var train: [Row]
    public var test: [Row]
    /// What a person should know of the data, such as rows on both sides of the split.
    public var warnings: [String]

    init(train: [Row], test: [Row], warnings: [String] = []) {
        self.train = train
        self.test = test
        self.warnings = warnings
    }
}

extension Dataset where Row == DatasetRow {
    /// Reads the rows of `config` as prompts.
    /// - Parameter preview: read only so many rows of each file; `nil` reads all.
    /// - Parameter config: Where the rows lie and how they become prompts.
    /// - Throws: ``DatasetError``: every bad row with file and line, or a split that cannot be.
    public static func prompts(_ config: DatasetConfig, preview: Int? = nil) throws -> Dataset {
        let builder = try PromptBuilder(config.prompt)
        return try Dataset(config, preview: preview) { row, index throws(DatasetError.BadRow) in
            DatasetRow(
                index: index, prompt: try builder.prompt(of: row), columns: row.columns)
        }
    }
}

extension Dataset where Row == SupervisedRow {
    /// Reads the rows of `config` as supervised examples.
    /// - Parameter preview: read only so many rows of each file; `nil` reads all.
    /// - Parameter config: Where the rows lie and how they become prompts.
    /// - Throws: ``DatasetError``: every bad row with file and line, or a split that cannot be.
    public static func examples(_ config: DatasetConfig, preview: Int? = nil) throws -> Dataset {
        let builder = try SupervisedBuilder(config)
        return try Dataset(config, preview: preview) { row, index throws(DatasetError.BadRow) in
            try builder.row(row, index: index)
        }
    }
}

extension Dataset {
    typealias Maker = (SourceRow, Int) throws(DatasetError.BadRow) -> Row

    init(_ config: DatasetConfig, preview: Int?, make: Maker) throws(DatasetError) {
        let all = try FileRows(config.path, config, preview: preview, make: make)
        let seed = UInt64(bitPattern: Int64(config.splitSeed))
        let kept = RowSplit.limited(
            all.rows.count, to: config.limit, seed: seed, shuffles: config.shuffle)
        let wanted: Int
        switch config.test {
        case nil:
            self.init(train: kept.map { all.rows[$0] }, test: [])
            return
        case .path(let path)?:
            let held = try FileRows(path, config, preview: preview, make: make)
            var warnings: [String] = []
            if let keys = all.keys, let heldKeys = held.keys {
                let learnt = Set(kept.map { keys[$0] })
                let shared = heldKeys.count(where: learnt.contains)
                if shared > 0 {
                    warnings.append(
                        "\(shared) of \(heldKeys.count) held-out rows have a \(config.splitKey ?? "") "
                            + "that is also trained on")
                }
            }
            self.init(train: kept.map { all.rows[$0] }, test: held.rows, warnings: warnings)
            return
        case .fraction(let share)?: wanted = RowSplit.rows(for: share, of: kept.count)
        case .rows(let count)?: wanted = count
        }
        // A preview may be smaller than what is held out of the whole.
        let count = preview == nil ? wanted : max(1, min(wanted, kept.count - 1))
        if preview != nil, kept.count < 2 {
            self.init(train: kept.map { all.rows[$0] }, test: [])
            return
        }
        let split = try RowSplit.holdingOut(
            count, of: kept, keys: all.keys.map { keys in kept.map { keys[$0] } }, seed: seed,
            shuffles: config.shuffle)
        self.init(train: split.train.map { all.rows[$0] }, test: split.test.map { all.rows[$0] })
    }

    /// The rows of one file.
    private struct FileRows {
        var rows: [Row] = []
        /// Value of the split key of each row, if there is one.
        var keys: [String]?

        init(_ path: String, _ config: DatasetConfig, preview: Int?, make: Maker)
            throws(DatasetError)
        {
            var source = try RowFile.open(path, format: config.format)
            var bad: [DatasetError.BadRow] = []
            var badCount = 0
            keys = config.splitKey == nil ? nil : []
            var index = 0
            while preview.map({ index < $0 }) ?? true {
                do throws(DatasetError.BadRow) {
                    guard var row = try source.next() else { break }
                    try row.rename(config.columns)
                    rows.append(try make(row, index))
                    if let column = config.splitKey {
                        guard let key = row.columns[column] else {
                            throw row.bad("no column \(column), which dataset.split_key names")
                        }
                        keys?.append(key.text())
                    }
                } catch {
                    badCount += 1
                    if bad.count < DatasetError.listedRows { bad.append(error) }
                }
                index += 1
            }
            guard badCount == 0 else {
                throw .badRows(path: path, first: bad, count: badCount)
            }
            guard !rows.isEmpty else { throw .empty(path: path) }
        }
    }
}

extension SourceRow {
    /// Gives columns the names that the recipe calls them by; order stays.
    mutating func rename(_ names: OrderedDictionary<String, String>) throws(DatasetError.BadRow) {
        guard !names.isEmpty else { return }
        for old in names.keys where columns[old] == nil {
            throw bad("no column \(old), which dataset.columns renames; its columns: \(columnList)")
        }
        var renamed = JSONObject()
        for (key, value) in columns {
            let name = names[key] ?? key
            guard renamed[name] == nil else {
                throw bad("dataset.columns makes two columns named \(name)")
            }
            renamed[name] = value
        }
        columns = renamed
    }
}
