import Foundation
import HoneCore
import TestSupport
import Testing

@testable import HoneTraining

@Suite struct TensorBoardFileTests {
    /// The check value of CRC-32C in the catalogue of parametrised CRCs.
    @Test func theChecksumIsCastagnolis() {
        #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
    }

    @Test func writesRecordsThatCanBeReadBack() throws {
        let folder = try ScratchFolder.ofTheProcess()
        let time = Date(timeIntervalSince1970: 1000)
        let board = try TensorBoardFile(folder: folder, at: time)
        try board.record(
            .step(StepRecord(step: 300, metrics: [("loss", 0.5)], completions: [])), at: time)
        try board.record(.warning(step: 1, message: "x"), at: time)
        try board.record(
            .evaluated(EvaluationRecord(step: 2, metrics: [("reward", 1)], completions: [])),
            at: time)
        let name = try #require(
            try FileManager.default.contentsOfDirectory(atPath: folder.path).first)
        #expect(name.hasPrefix("events.out.tfevents.1000.hone"))
        let records = try Self.records(
            [UInt8](try Data(contentsOf: folder.appending(path: name))))
        // 1000.0 is 0x408F400000000000; 300 is 0xAC 0x02 as a varint; 0.5 is 0x3F000000.
        let wallTime: [UInt8] = [0x09, 0, 0, 0, 0, 0, 0x40, 0x8F, 0x40]
        #expect(
            records == [
                wallTime + [0x10, 0, 0x1A, 13] + Array("brain.Event:2".utf8),
                wallTime + [0x10, 0xAC, 0x02, 0x2A, 13, 0x0A, 11, 0x0A, 4] + Array("loss".utf8)
                    + [0x15, 0, 0, 0, 0x3F],
                wallTime + [0x10, 2, 0x2A, 20, 0x0A, 18, 0x0A, 11] + Array("eval/reward".utf8)
                    + [0x15, 0, 0, 0x80, 0x3F],
            ])
    }

    @Test func aResumedRunForgetsTheStepsItRepeats() throws {
        let folder = try ScratchFolder.ofTheProcess()
        let board = try TensorBoardFile(folder: folder)
        try board.record(
            .started(
                RunDescription(
                    name: "r", method: "grpo", model: "m", output: "o", totalSteps: 9,
                    resumedFrom: 4, facts: [])))
        let name = try FileManager.default.contentsOfDirectory(atPath: folder.path)[0]
        let records = try Self.records(
            [UInt8](try Data(contentsOf: folder.appending(path: name))))
        #expect(records[1].suffix(6) == [0x10, 5, 0x3A, 2, 0x08, 1])
    }

    /// The data of each record, lengths and checksums verified.
    static func records(_ bytes: [UInt8]) throws -> [[UInt8]] {
        var records: [[UInt8]] = []
        var rest = bytes[...]
        func number(_ slice: ArraySlice<UInt8>) -> UInt64 {
            slice.reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        while !rest.isEmpty {
            try #require(rest.count >= 16)
            let length = rest.prefix(8)
            let count = Int(number(length))
            #expect(
                number(rest.dropFirst(8).prefix(4)) == UInt64(CRC32C.masked(Array(length))))
            let data = Array(rest.dropFirst(12).prefix(count))
            #expect(
                number(rest.dropFirst(12 + count).prefix(4)) == UInt64(CRC32C.masked(data)))
            records.append(data)
            rest = rest.dropFirst(16 + count)
        }
        return records
    }
}
