import HoneCore
import OrderedCollections

/// The rows of a run: those to train on and those held out.
public struct Dataset<Row: Sendable>: Sendable {
    public var train: DatasetRows<Row>
    public var test: DatasetRows<Row>
    /// What a person should know of the data, such as rows on both sides of the split.
    public var warnings: [String]
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
        } fingerprint: {
            Fingerprint.of($0.prompt)
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
        } fingerprint: {
            $0.content.fingerprint
        }
    }
}

extension Dataset {
    private init(
        _ config: DatasetConfig, preview: Int?, make: @escaping RowTable<Row>.Maker,
        fingerprint: (Row) -> UInt64
    ) throws(DatasetError) {
        let table = try RowTable(
            config.path, split: config.split, config, preview: preview, make: make,
            fingerprint: fingerprint)
        warnings = config.warnings(of: table.census, path: config.path)
        let seed = UInt64(bitPattern: Int64(config.splitSeed))
        let kept = RowSplit.limited(
            table.count, to: config.limit, seed: seed, shuffles: config.shuffle)
        train = table.rows(kept)
        test = DatasetRows([])
        let wanted: Int
        switch config.test {
        case nil: return
        case .path(let path)?:
            try hold(
                RowTable(
                    path, split: nil, config, preview: preview, make: make,
                    fingerprint: fingerprint),
                named: path, apartFrom: table, kept, config)
            return
        case .split(let split)?:
            try hold(
                RowTable(
                    config.path, split: split, config, preview: preview, make: make,
                    fingerprint: fingerprint),
                named: "\(config.path) (\(split))", apartFrom: table, kept, config)
            return
        case .condition(let filter)?:
            try divide(table, kept, by: filter, isPreview: preview != nil)
            return
        case .fraction(let share)?: wanted = RowSplit.rows(for: share, of: kept.count)
        case .rows(let count)?: wanted = count
        }
        // A preview may be smaller than what is held out of the whole.
        let count = preview == nil ? wanted : max(1, min(wanted, kept.count - 1))
        if preview != nil, kept.count < 2 { return }
        let split = try RowSplit.holdingOut(
            count, of: kept, keys: table.keys.map { keys in kept.map { keys[$0] } }, seed: seed,
            shuffles: config.shuffle)
        train = table.rows(split.train)
        test = table.rows(split.test)
    }

    /// Holds out the rows of `table` that meet a condition.
    private mutating func divide(
        _ table: RowTable<Row>, _ kept: [Int], by filter: FilterStep, isPreview: Bool
    ) throws(DatasetError) {
        let held = kept.filter(table.held.contains)
        let learnt = kept.filter { !table.held.contains($0) }
        guard isPreview || (!held.isEmpty && !learnt.isEmpty) else {
            throw .impossibleSplit(
                reason:
                    "\(held.count) of \(kept.count) rows meet the condition on \(filter.column); "
                    + "both sides need at least one")
        }
        train = table.rows(learnt)
        test = table.rows(held)
    }

    /// Holds out all rows of `held`, and warns of keys that are also trained on.
    private mutating func hold(
        _ held: RowTable<Row>, named path: String, apartFrom table: RowTable<Row>, _ kept: [Int],
        _ config: DatasetConfig
    ) {
        test = held.all
        warnings += config.warnings(of: held.census, path: path)
        guard let keys = table.keys, let heldKeys = held.keys else { return }
        let learnt = Set(kept.map { keys[$0] })
        let shared = heldKeys.count(where: learnt.contains)
        guard shared > 0 else { return }
        warnings.append(
            "\(shared) of \(heldKeys.count) held-out rows have a \(config.splitKey ?? "") "
                + "that is also trained on")
    }
}
