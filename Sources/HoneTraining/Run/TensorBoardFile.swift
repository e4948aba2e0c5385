import Foundation
import HoneCore

/// Metrics in the form that TensorBoard reads: `OUTPUT/tensorboard/events.out.tfevents.…`.
///
/// The file is a sequence of records (length, checksum, data, checksum), each an `Event` message in
/// protocol buffer encoding.
/// Source: `tensorflow/core/util/event.proto`, `summary.proto` and `lib/io/record_writer.h`.
struct TensorBoardFile {
    private let url: URL
    private let handle: FileHandle
    /// Whether an earlier process wrote about the same run.
    private let followsAnother: Bool

    /// Begins a new file in `folder`, which it makes; TensorBoard reads all files of a folder as one
    /// run.
    init(folder: URL, at time: Date = Date()) throws {
        let files = FileManager.default
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        followsAnother = try !files.contentsOfDirectory(atPath: folder.path).isEmpty
        let seconds = Int(time.timeIntervalSince1970)
        let process = ProcessInfo.processInfo.processIdentifier
        url = folder.appending(path: "events.out.tfevents.\(seconds).hone.\(process)")
        guard FileManager.default.createFile(atPath: url.path, contents: nil) else {
            throw RunFolderError.write(path: url.path, reason: "cannot create the file")
        }
        handle = try FileHandle(forWritingTo: url)
        var version = Self.message(at: time, step: 0)
        version.append(field: 3, text: "brain.Event:2")
        try append(version)
    }

    /// Writes the metrics of `event`, if it has any.
    func record(_ event: RunEvent, at time: Date = Date()) throws {
        switch event {
        case .started(let run) where run.resumedFrom > 0 || followsAnother:
            // A session that starts at a step makes TensorBoard forget that step and later ones.
            var session = ProtocolBuffer()
            session.append(field: 1, integer: 1)
            var message = Self.message(at: time, step: run.resumedFrom + 1)
            message.append(field: 7, message: session)
            try append(message)
        case .step(let record): try append(record.metrics, at: time, step: record.step)
        case .evaluated(let record):
            try append(
                record.metrics.map { ("eval/" + $0.name, $0.value) }, at: time, step: record.step)
        case .started, .checkpointed, .warning, .rewardsChanged, .rewardsAnswered, .finished,
            .failed:
            break
        }
    }

    private func append(_ metrics: OrderedMetrics, at time: Date, step: Int) throws {
        var summary = ProtocolBuffer()
        for metric in metrics {
            var value = ProtocolBuffer()
            value.append(field: 1, text: metric.name)
            value.append(field: 2, float: Float(metric.value))
            summary.append(field: 1, message: value)
        }
        var message = Self.message(at: time, step: step)
        message.append(field: 5, message: summary)
        try append(message)
    }

    private static func message(at time: Date, step: Int) -> ProtocolBuffer {
        var message = ProtocolBuffer()
        message.append(field: 1, double: time.timeIntervalSince1970)
        message.append(field: 2, integer: step)
        return message
    }

    private func append(_ message: ProtocolBuffer) throws {
        let length = ProtocolBuffer.littleEndian(UInt64(message.bytes.count))
        let record =
            length + ProtocolBuffer.littleEndian(CRC32C.masked(length)) + message.bytes
            + ProtocolBuffer.littleEndian(CRC32C.masked(message.bytes))
        let before = try handle.offset()
        do {
            try handle.write(contentsOf: Data(record))
        } catch {
            // No reader shall meet half a record.
            try? handle.truncate(atOffset: before)
            throw RunFolderError.write(path: url.path, reason: error.localizedDescription)
        }
    }
}

/// The few kinds of field that an event needs, in protocol buffer encoding.
struct ProtocolBuffer {
    private(set) var bytes: [UInt8] = []

    mutating func append(field: Int, integer: Int) {
        append(varint: UInt64(field << 3))
        append(varint: UInt64(bitPattern: Int64(integer)))
    }

    mutating func append(field: Int, double: Double) {
        append(varint: UInt64(field << 3 | 1))
        bytes += Self.littleEndian(double.bitPattern)
    }

    mutating func append(field: Int, float: Float) {
        append(varint: UInt64(field << 3 | 5))
        bytes += Self.littleEndian(float.bitPattern)
    }

    mutating func append(field: Int, text: String) {
        append(field: field, content: Array(text.utf8))
    }

    mutating func append(field: Int, message: ProtocolBuffer) {
        append(field: field, content: message.bytes)
    }

    private mutating func append(field: Int, content: [UInt8]) {
        append(varint: UInt64(field << 3 | 2))
        append(varint: UInt64(content.count))
        bytes += content
    }

    private mutating func append(varint value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }

    static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}

/// The checksum of the records (Castagnoli's polynomial, reflected: 0x82F63B78).
enum CRC32C {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in
            value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1
        }
    }

    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~UInt32(0)) { sum, byte in
            sum >> 8 ^ table[Int(UInt8(truncatingIfNeeded: sum) ^ byte)]
        }
    }

    /// Rotated and shifted, so that a checksum of data that holds checksums is not weak.
    static func masked(_ bytes: [UInt8]) -> UInt32 {
        let sum = checksum(bytes)
        return (sum >> 15 | sum << 17) &+ 0xA282_EAD8
    }
}
