import Foundation
import TestSupport
import Testing

@testable import Torch

/// Files that lie about what they hold: each is an error or a set of tensors that lie within the file.
@Suite struct SafeTensorsFuzzTests {
    /// What reading a file of these bytes complains of; nothing where all its tensors can be read.
    static func complaint(_ bytes: [UInt8], _ folder: ScratchFolder) throws -> String? {
        let file = folder.url.appending(path: "x.safetensors")
        try Data(bytes).write(to: file)
        do {
            let reader = try SafeTensorsReader(file)
            for name in reader.names {
                let tensor = try reader.tensor(name)
                #expect(tensor.shape.allSatisfy { $0 >= 0 })
                _ = try tensor.to(.float64).sum().item()
            }
            return nil
        } catch let error as SafeTensorsError {
            return "\(error)"
        }
    }

    static func file(_ header: String, claiming length: UInt64? = nil, data: Int = 8) -> [UInt8] {
        let length = length ?? UInt64(header.utf8.count)
        return withUnsafeBytes(of: length.littleEndian) { Array($0) } + Array(header.utf8)
            + [UInt8](repeating: 0, count: data)
    }

    static func entry(_ shape: String, _ offsets: String, _ type: String = "F32") -> String {
        #"{"a": {"dtype": "\#(type)", "shape": \#(shape), "data_offsets": \#(offsets)}}"#
    }

    @Test func everyLieIsAnError() throws {
        let folder = try ScratchFolder()
        let good = Self.entry("[2]", "[0, 8]")
        #expect(try Self.complaint(Self.file(good), folder) == nil)
        let largest = "9223372036854775807"
        var lies: [[UInt8]] = [0, 7, 9, 1 << 31, 1 << 32, 1 << 62, 1 << 63, .max, .max - 7].map {
            Self.file(good, claiming: $0)
        }
        lies += [
            ("[-1]", "[0, 8]"), ("[-2]", "[0, -8]"), ("[2]", "[8, 0]"), ("[2]", "[8, 16]"),
            ("[2]", "[0, 16]"), ("[4]", "[0, 16]"), ("[2]", "[-8, 0]"), ("[\(largest)]", "[0, 8]"),
            ("[\(largest), 2]", "[0, 8]"), ("[4294967296, 4294967296]", "[0, 0]"),
            ("[2305843009213693952]", "[0, \(largest)]"),
            ("[2305843009213693951]", "[0, \(largest)]"),
            ("[2]", "[\(largest), \(largest)]"), ("[0, \(largest), \(largest)]", "[0, 8]"),
            ("[2]", "[9223372036854775799, \(largest)]"), ("[1e1]", "[0, 8]"), ("[2.0]", "[0, 8]"),
            ("[\"2\"]", "[0, 8]"), ("[true]", "[0, 8]"), ("2", "[0, 8]"), ("[2]", "[0]"),
            ("[2]", "[0, 8, 8]"), ("[99999999999999999999]", "[0, 8]"), ("null", "[0, 8]"),
        ].map { Self.file(Self.entry($0.0, $0.1)) }
        lies += ["F31", "", "f32", "F32\u{0}"].map { Self.file(Self.entry("[2]", "[0, 8]", $0)) }
        lies += [
            "", "{", "null", "[]", #"{"a": 1}"#, #"{"a": {}}"#, #"{"a": {"dtype": "F32"}}"#,
            good + "x",
            good + good, "{\"a", "{\"a\\", #"{"__metadata__": {"a": 1}}"#, #"{"__metadata__": 1}"#,
            String(good.dropLast()) + ", " + good.dropFirst(),
            String(repeating: "{\"a\":", count: 100_000),
            String(repeating: "[", count: 100_000),
            #"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "b": {"dtype": "F32", "shape": [1], "data_offsets": [3, 7]}}"#,
            #"{"a": {"dtype": "F32", "shape": [2], "shape": [1], "data_offsets": [0, 8]}}"#,
        ].map { Self.file($0) }
        lies += [[], [1], Array(repeating: 0, count: 7), Array(repeating: 0xFF, count: 64)]
        for lie in lies {
            let words = String(decoding: lie.prefix(120), as: UTF8.self)
            #expect(try Self.complaint(lie, folder)?.contains("x.safetensors") == true, "\(words)")
        }
    }

    /// A shape with a zero holds nothing, whatever else it says.
    @Test func aHugeShapeOfNothingIsNothing() throws {
        let folder = try ScratchFolder()
        let lie = Self.file(Self.entry("[0, 9223372036854775807]", "[0, 0]"), data: 0)
        _ = try? Self.complaint(lie, folder)
    }

    @Test func spoiledFilesAreErrorsOrTensors() throws {
        let folder = try ScratchFolder()
        let good = try Array(Data(contentsOf: Fixtures.url("torch/mixed.safetensors")))
        try Damage.cases(500) { damage in
            var bytes = damage.spoil(good)
            // Half of them with a length that fits, so that the header is read.
            if bytes.count > 8, Bool.random(using: &damage) {
                let header = bytes[8...].prefix { $0 != 0 && $0 < 0x80 }
                withUnsafeBytes(of: UInt64(header.count).littleEndian) {
                    bytes.replaceSubrange(0..<8, with: $0)
                }
            }
            Damage.note(bytes.map { String($0, radix: 16) }.joined(separator: " "))
            _ = try Self.complaint(bytes, folder)
        }
    }

    @Test(.timeLimit(.minutes(1))) func whatIsNoFileIsAnErrorAtOnce() throws {
        let folder = try ScratchFolder()
        let pipe = folder.url.appending(path: "model.safetensors")
        #expect(mkfifo(pipe.path, 0o600) == 0)
        #expect(throws: SafeTensorsError.self) { try SafeTensorsReader(pipe) }
        #expect(throws: SafeTensorsError.self) { try SafeTensorsReader(folder.url) }
        #expect(throws: SafeTensorsError.self) { try SafeTensorsReader(URL(filePath: "/dev/zero")) }
    }
}
