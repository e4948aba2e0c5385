import Foundation
import HoneCore
import OrderedCollections

/// Tells what a file holds.
enum FileFormat {
    /// The format of `file`: by the marks it begins with; by its ending where text may be read in several
    /// ways; by its header where the ending says nothing.
    /// - Throws: ``DatasetError/unknownFormat(path:found:)``.
    static func detect(_ file: DataFile) throws(DatasetError) -> DatasetConfig.Format {
        var head = try file.bytes(at: 0, count: min(file.size, 1 << 16))
        if let format = try binary(head, file) { return format }
        if head.starts(with: [0xEF, 0xBB, 0xBF]) { head.removeFirst(3) }
        let ending = ending(of: file.path)
        let text = head.drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
        switch text.first {
        case nil:
            guard let ending else { throw .empty(path: file.path) }
            return ending
        case UInt8(ascii: "["):
            if let ending, ending != .json { return ending }
            return .json
        case UInt8(ascii: "{"):
            if ending == .jsonl { return .jsonl }
            let lineEnd = text.firstIndex(of: 0x0A)
            let line = lineEnd.map { text[..<$0] } ?? text
            let isObject = (try? JSONValue(parsing: Array(line)))?.objectValue != nil
            // A single object in a .json file is a document; several lines of them are rows.
            if isObject, lineEnd != nil || ending != .json { return .jsonl }
            return .json
        default: return try separated(text, file, ending)
        }
    }

    private static func binary(_ head: [UInt8], _ file: DataFile) throws(DatasetError)
        -> DatasetConfig.Format?
    {
        if head.starts(with: Array("PAR1".utf8)) { return .parquet }
        if head.starts(with: Array("ARROW1".utf8)) { return .arrow }
        // A stream of Arrow begins with its mark for "a message follows".
        if head.starts(with: [0xFF, 0xFF, 0xFF, 0xFF]) { return .arrow }
        let compressions: [([UInt8], String)] = [
            ([0x1F, 0x8B], "gzip"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd"),
            ([0x42, 0x5A, 0x68], "bzip2"),
            ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "xz"), ([0x50, 0x4B, 0x03, 0x04], "zip"),
        ]
        for (mark, name) in compressions where head.starts(with: mark) {
            throw .unreadable(
                path: file.path,
                reason:
                    "it is compressed (\(name)); unpack it first, since rows are read in any order"
            )
        }
        if head.starts(with: [0xFF, 0xFE]) || head.starts(with: [0xFE, 0xFF]) {
            throw .unreadable(
                path: file.path,
                reason: "it is UTF-16; write it as UTF-8 (iconv -f UTF-16 -t UTF-8)")
        }
        return nil
    }

    /// The ending, or else the only separator that the first line holds.
    private static func separated(
        _ text: ArraySlice<UInt8>, _ file: DataFile, _ ending: DatasetConfig.Format?
    ) throws(DatasetError) -> DatasetConfig.Format {
        let header = text.prefix { $0 != 0x0A }
        let (hasComma, hasTab) = (header.contains(0x2C), header.contains(0x09))
        switch ending {
        // Exported tables are often called .csv whatever separates their cells.
        case .csv where hasTab && !hasComma: return .tsv
        case .tsv where hasComma && !hasTab: return .csv
        case let ending?: return ending
        case nil: break
        }
        if hasComma, !hasTab { return .csv }
        if hasTab, !hasComma { return .tsv }
        let found = String(decoding: header.prefix(60), as: UTF8.self)
        throw .unknownFormat(path: file.path, found: found)
    }

    /// What the ending of `path` says.
    static func ending(of path: String) -> DatasetConfig.Format? {
        switch URL(filePath: path).pathExtension.lowercased() {
        case "jsonl", "ndjson": .jsonl
        case "json": .json
        case "csv": .csv
        case "tsv", "tab": .tsv
        case "parquet", "pq": .parquet
        case "arrow", "feather": .arrow
        default: nil
        }
    }
}
