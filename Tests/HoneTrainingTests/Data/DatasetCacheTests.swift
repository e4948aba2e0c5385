import Foundation
import HoneCore
import TestSupport
import Testing

@testable import HoneTraining

@Suite struct DatasetCacheTests {
    @Test func whatRestedTooLongIsDeletedAndWhatIsUsedStays() throws {
        let scratch = try ScratchFolder()
        let cache = DatasetCache(environment: ["HONE_HOME": scratch.url.path])
        try FileManager.default.createDirectory(
            at: cache.folder, withIntermediateDirectories: true)
        let names = ["old.jsonl", "used.jsonl", "new.jsonl", "old.jsonl.1.partial"]
        let now = Date().timeIntervalSince1970
        for name in names {
            let file = cache.folder.appending(path: name)
            try Data("{}\n".utf8).write(to: file)
            let age = name == "new.jsonl" ? 0 : DatasetCache.longestRest + 60
            var times = [timeval(), timeval()]
            for index in times.indices { times[index].tv_sec = Int(now - age) }
            #expect(utimes(file.path, times) == 0)
        }
        #expect(cache.contents.files == 4 && cache.contents.bytes == 12)
        let used = cache.folder.appending(path: "used.jsonl")
        let file = try DataFile(path: used.path)
        cache.noteUse(of: used)
        // Runs that read the file do not see a change.
        #expect(try file.bytes(at: 0, count: 2) == Array("{}".utf8))
        cache.prune()
        let left = try FileManager.default.contentsOfDirectory(atPath: cache.folder.path)
        #expect(left.sorted() == ["new.jsonl", "used.jsonl"])
    }

    @Test func aFolderThatIsNotThereIsEmpty() {
        let cache = DatasetCache(environment: ["HONE_HOME": "/nowhere"])
        cache.prune()
        #expect(cache.contents.files == 0)
    }
}

@Suite struct DataFileTests {
    @Test func aFileHeldClosedIsReadAndItsReplacementNoticed() throws {
        let scratch = try ScratchFolder()
        let url = try scratch.file("rows.jsonl", "abcdef")
        let closed = try DataFile(path: url.path, holding: .closed)
        let open = try DataFile(path: url.path)
        #expect(try closed.bytes(at: 2, count: 3) == Array("cde".utf8))
        // Another file of the same size and time under the name.
        let other = try scratch.file("other.jsonl", "ghijkl")
        let time = try FileManager.default.attributesOfItem(atPath: url.path)[.modificationDate]
        try FileManager.default.setAttributes(
            [.modificationDate: try #require(time)], ofItemAtPath: other.path)
        #expect(rename(other.path, url.path) == 0)
        #expect(throws: DatasetError.changed(path: url.path)) {
            try closed.bytes(at: 0, count: 1)
        }
        #expect(try open.bytes(at: 0, count: 1) == Array("a".utf8))
    }

    @Test func aFolderOfManyShardsHoldsFewFilesOpen() throws {
        let scratch = try ScratchFolder()
        for index in 0..<300 {
            try scratch.file(
                "data/train-\(10000 + index)-of-10300.jsonl",
                "{\"prompt\": \"\(index)\", \"completion\": \"x\"}\n")
        }
        let before = try Self.openFiles()
        let config = DatasetConfig.defaults
        let sources = try DatasetFiles.open(scratch.url.path, config, split: nil)
        #expect(sources.count == 300)
        var rows = 0
        try RowScan(sources: sources, pipeline: RowPipeline(config)).forEach(limit: nil) { _ in
            rows += 1
        }
        #expect(rows == 300)
        // Other tests open files meanwhile.
        #expect(try Self.openFiles() < before + 150)
        withExtendedLifetime(sources) {}
    }

    private static func openFiles() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    }
}
