import HoneCore
import OrderedCollections

/// The `model` of a `tokenizer.json` as the file has it.
struct ModelDescription {
    var vocabulary = Vocabulary()
    var merges = MergeList()
    /// The members besides `vocab` and `merges`.
    var settings: JSONValue = .null
}

/// Merges as texts, end to end, until the vocabulary is known.
struct MergeList {
    private(set) var text: [UInt8] = []
    /// For each merge, where its left part ends and where its right part ends.
    private(set) var ends: [(left: Int, right: Int)] = []

    mutating func append(left: [UInt8], right: [UInt8]) {
        text.append(contentsOf: left)
        let middle = text.count
        text.append(contentsOf: right)
        ends.append((middle, text.count))
    }
}

/// Reads the `model` member, whose vocabulary and merges are most of the file, straight into tables.
enum ModelReader {
    /// The object that comes next in `reader`.
    static func read(_ reader: inout JSONReader) throws(JSONError) -> ModelDescription {
        var result = ModelDescription()
        var settings = JSONObject()
        var scope = try reader.openObject()
        var key: [UInt8] = []
        while try reader.nextKey(&scope, into: &key) {
            switch String(decoding: key, as: UTF8.self) {
            case "vocab" where reader.nextKind() == "an object":
                try readVocabulary(&reader, into: &result.vocabulary)
            case "merges": try readMerges(&reader, into: &result.merges)
            case let name: settings[name] = try reader.value()
            }
        }
        result.settings = .object(settings)
        return result
    }

    private static func readVocabulary(
        _ reader: inout JSONReader, into vocabulary: inout Vocabulary
    ) throws(JSONError) {
        var scope = try reader.openObject()
        var token: [UInt8] = []
        while try reader.nextKey(&scope, into: &token) {
            guard case .int(let id) = try reader.value(), (0..<Vocabulary.idLimit).contains(id)
            else {
                throw reader.error("expected a token id from 0 to \(Vocabulary.idLimit - 1)")
            }
            guard token.withUnsafeBufferPointer({ vocabulary.insert($0, id: id) }) else {
                throw reader.error("the id \(id) occurs twice in the vocabulary")
            }
        }
    }

    /// Merges are `"left right"` in older files and `["left", "right"]` in newer ones.
    private static func readMerges(
        _ reader: inout JSONReader, into merges: inout MergeList
    ) throws(JSONError) {
        var scope = try reader.openArray()
        var left: [UInt8] = []
        var right: [UInt8] = []
        while try reader.nextElement(&scope) {
            left.removeAll(keepingCapacity: true)
            right.removeAll(keepingCapacity: true)
            if reader.nextKind() == "a string" {
                try reader.stringBytes(appendingTo: &left)
                if left.starts(with: Array("#version".utf8)) { continue }
                let space = UInt8(ascii: " ")
                guard let middle = left.firstIndex(of: space),
                    !left[(middle + 1)...].contains(space)
                else { throw reader.error("a merge must be two tokens with one space between") }
                right.append(contentsOf: left[(middle + 1)...])
                left.removeSubrange(middle...)
            } else {
                var pair = try reader.openArray()
                guard try reader.nextElement(&pair) else {
                    throw reader.error("a merge must have two tokens")
                }
                try reader.stringBytes(appendingTo: &left)
                guard try reader.nextElement(&pair) else {
                    throw reader.error("a merge must have two tokens")
                }
                try reader.stringBytes(appendingTo: &right)
                guard try !reader.nextElement(&pair) else {
                    throw reader.error("a merge must have two tokens")
                }
            }
            merges.append(left: left, right: right)
        }
    }

    /// The model that `description` describes. `unit` follows from the pre-tokenizer.
    static func model(
        _ description: ModelDescription, unit: BytePairModel.SymbolUnit, path: String
    ) throws(TokenizerError) -> BytePairModel {
        let section = JSONSection(path: path, key: "model", value: description.settings)
        if section.member("type") != nil {
            let type = try section.type()
            guard type == "BPE" else { throw section.unsupported("type", "the model type \(type)") }
        }
        try section.allowOnly(
            "type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix",
            "fuse_unk", "byte_fallback", "ignore_merges")
        if let dropout = section.member("dropout"), dropout.value.doubleValue != 0 {
            throw section.unsupported("dropout", "merge dropout, which encodes at random,")
        }
        for name in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if let affix = section.member(name), affix.value != "" {
                throw section.unsupported(name, "an affix of \(affix.value.text())")
            }
        }
        let vocabulary = description.vocabulary
        guard vocabulary.count > 0 else { throw section.invalid("vocab", "missing or empty") }
        var unknownID: UInt32?
        if section.member("unk_token") != nil {
            unknownID = vocabulary.id(of: Array(try section.string("unk_token").utf8))
        }
        let fallback: [UInt32?]? =
            try section.bool("byte_fallback", default: false)
            ? (0...255).map { vocabulary.id(of: ByteFallbackToken.text(of: UInt8($0))) } : nil
        let merges = try mergeTable(description.merges, vocabulary, section)
        let model = BytePairModel(
            vocabulary: vocabulary, merges: merges.table, unit: unit,
            unknown: BytePairModel.UnknownPolicy(
                id: unknownID, fuses: try section.bool("fuse_unk", default: false),
                byteFallback: fallback),
            ignoresMerges: try section.bool("ignore_merges", default: false),
            boundaries: merges.boundaries)
        if section.member("unk_token") != nil, model.unknown.id == nil, !model.knowsAllSymbols {
            throw section.invalid("unk_token", "not in the vocabulary")
        }
        return model
    }

    private static func mergeTable(
        _ list: MergeList, _ vocabulary: Vocabulary, _ section: JSONSection
    ) throws(TokenizerError) -> (table: MergeTable, boundaries: MergeBoundaries?) {
        var table = MergeTable(expectedCount: list.ends.count)
        var boundaries: MergeBoundaries? = MergeBoundaries()
        var missing: (rank: Int, token: String)?
        list.text.withUnsafeBufferPointer { text in
            var start = 0
            for (rank, end) in list.ends.enumerated() {
                func id(_ from: Int, _ to: Int) -> UInt32? {
                    let id = vocabulary.id(of: text.part(from, to))
                    if id == nil, missing == nil {
                        missing = (rank, String(decoding: text.part(from, to), as: UTF8.self))
                    }
                    return id
                }
                if let left = id(start, end.left), let right = id(end.left, end.right),
                    let merged = id(start, end.right)
                {
                    table.insert(left, right, rank: rank, id: merged)
                    let parts = (text.part(start, end.left), text.part(end.left, end.right))
                    if isByteToken(parts.0) || isByteToken(parts.1) {
                        // Its characters are not those of the text that it stands for.
                        boundaries = nil
                    } else {
                        boundaries?.insert(left: parts.0, right: parts.1)
                    }
                }
                start = end.right
            }
        }
        if let missing {
            throw section.invalid(
                "merges[\(missing.rank)]", "the token \"\(missing.token)\" is not in the vocabulary"
            )
        }
        return (table, boundaries)
    }

    private static func isByteToken(_ token: UnsafeBufferPointer<UInt8>) -> Bool {
        token.count == 6 && token[0] == UInt8(ascii: "<")
            && ByteFallbackToken.byte(of: Array(token)) != nil
    }
}
