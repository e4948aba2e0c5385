import Foundation
import TestSupport
import Testing

@testable import Torch

extension ScratchFolder {
    /// Names of what is in it.
    fileprivate var files: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() }
    }

    fileprivate func file(_ name: String) -> URL { url.appending(path: name) }

    /// Writes a file with this header and that many zero bytes of data.
    func safetensors(
        _ header: String, dataBytes: Int, claimedLength: UInt64? = nil, name: String = "x"
    ) throws -> URL {
        var data = Data()
        withUnsafeBytes(of: (claimedLength ?? UInt64(header.utf8.count)).littleEndian) {
            data.append(contentsOf: $0)
        }
        data.append(Data(header.utf8))
        data.append(Data(count: dataBytes))
        try data.write(to: file(name))
        return file(name)
    }
}

@Suite struct SafeTensorsTests {
    @Test func readsEveryElementTypeOfTheReferenceLibrary() throws {
        let reader = try SafeTensorsReader(Fixtures.url("torch/mixed.safetensors"))
        #expect(reader.metadata == ["made by": "safetensors"])
        #expect(reader.names.count == 12)
        #expect(try reader.tensor("f32").floats() == [1.5, -2])
        #expect(try reader.tensor("bf16").floats() == [1.5, 3])
        #expect(try reader.tensor("f16").shape == [1, 1])
        #expect(try reader.tensor("f16").floats() == [0.5])
        #expect(try reader.tensor("f64").doubles() == [0.1])
        #expect(try reader.tensor("i64").ints() == [1 << 40])
        #expect(try reader.tensor("i32").ints() == [-7])
        #expect(try reader.tensor("i16").ints() == [-300])
        #expect(try reader.tensor("i8").ints() == [-3])
        #expect(try reader.tensor("u8").ints() == [200])
        #expect(try reader.tensor("bool").bools() == [true, false, true])
        #expect(try reader.tensor("empty").shape == [0, 3])
        #expect(try reader.tensor("naïve \"name\"").item() == 4)
    }

    @Test func writesWhatItReads() throws {
        let scratch = try ScratchFolder()
        let url = scratch.file("model.safetensors")
        let reader = try SafeTensorsReader(Fixtures.url("torch/mixed.safetensors"))
        let tensors = try reader.names.map { (name: $0, tensor: try reader.tensor($0)) }
        try SafeTensorsWriter.write(tensors, to: url, metadata: ["step": "3"])
        let again = try SafeTensorsReader(scratch.url)
        #expect(again.names == reader.names)
        #expect(again.metadata == ["format": "pt", "step": "3"])
        for (name, tensor) in tensors {
            let copy = try again.tensor(name)
            #expect(copy.dtype == tensor.dtype && copy.shape == tensor.shape)
            #expect(try copy.doubles() == tensor.doubles())
        }
        #expect(try scratch.files == ["model.safetensors"])
    }

    @Test func writesViewsInTheirOwnOrder() throws {
        let scratch = try ScratchFolder()
        let matrix = try Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
        try SafeTensorsWriter.write(
            [("t", matrix.transpose(0, 1))], to: scratch.file("a.safetensors"))
        let read = try SafeTensorsReader(scratch.file("a.safetensors")).tensor("t")
        #expect(read.shape == [3, 2])
        #expect(try read.floats() == [1, 4, 2, 5, 3, 6])
    }

    @Test func mappedTensorsOutliveTheReaderAndNeverChangeTheFile() throws {
        let scratch = try ScratchFolder()
        let url = scratch.file("a.safetensors")
        try SafeTensorsWriter.write([("w", Tensor.ones([4]))], to: url)
        let before = try Data(contentsOf: url)
        let tensor = try SafeTensorsReader(url).tensor("w")
        try tensor.fill_(9)
        #expect(try tensor.floats() == [9, 9, 9, 9])
        #expect(try Data(contentsOf: url) == before)
    }

    @Test func readsShardsThroughTheirIndex() throws {
        let scratch = try ScratchFolder()
        try SafeTensorsWriter.write([("a", Tensor.ones([2]))], to: scratch.file("1.safetensors"))
        try SafeTensorsWriter.write([("b", Tensor.zeros([3]))], to: scratch.file("2.safetensors"))
        let index = scratch.file("model.safetensors.index.json")
        try Data(
            #"{"metadata": {"total_size": 20}, "weight_map": {"a": "1.safetensors", "b": "2.safetensors"}}"#
                .utf8
        ).write(to: index)
        let reader = try SafeTensorsReader(scratch.url)
        #expect(reader.names == ["a", "b"])
        #expect(reader.byteCount == 20)
        #expect(try reader.tensor("b").shape == [3])

        try Data(#"{"weight_map": {"a": "1.safetensors", "c": "2.safetensors"}}"#.utf8)
            .write(to: index)
        #expect(
            throws: SafeTensorsError.missingTensor(
                shard: scratch.file("2.safetensors").path, tensor: "c")
        ) { try SafeTensorsReader(scratch.url) }

        try Data(#"{"weight_map": {"a": "1.safetensors", "c": "3.safetensors"}}"#.utf8)
            .write(to: index)
        #expect(
            throws: SafeTensorsError.missingShard(index: index.path, shard: "3.safetensors")
        ) { try SafeTensorsReader(scratch.url) }

        try Data(#"{"weight_map": {"a": "../1.safetensors"}}"#.utf8).write(to: index)
        #expect(throws: SafeTensorsError.self) { try SafeTensorsReader(scratch.url) }

        try Data("{".utf8).write(to: index)
        #expect(throws: SafeTensorsError.self) { try SafeTensorsReader(scratch.url) }
    }

    @Test func namesTheTensorThatIsNotThere() throws {
        let reader = try SafeTensorsReader(Fixtures.url("torch/mixed.safetensors"))
        let error = #expect(throws: SafeTensorsError.self) { try reader.tensor("model.f16") }
        #expect(error?.description.contains("nearest name it has is f16") == true)
    }

    /// Headers that lie, each with the words its error must say.
    static let lies: [(header: String, dataBytes: Int, words: String)] = [
        (#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#, 12, "cut off"),
        (#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#, 20, "belong to no tensor"),
        (#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,16]}}"#, 16, "takes 12 bytes"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}}"#, 8, "no range"),
        (#"{"a":{"dtype":"F9","shape":[4],"data_offsets":[0,16]}}"#, 16, "F9"),
        (#"{"a":{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}}"#, 16, "whole number"),
        (
            #"{"a":{"dtype":"F32","shape":[9223372036854775807,9],"data_offsets":[0,16]}}"#, 16,
            "beyond any memory"
        ),
        (
            #"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,0]}}"#, 0,
            "64 bits"
        ),
        (
            #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}"#,
            6, "overlap"
        ),
        (
            #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[6,10]}}"#,
            10, "2 bytes before"
        ),
        (
            #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#,
            2, "given twice"
        ),
        (#"{"a":{"dtype":"U8","shape":[1]}}"#, 1, "lacks"),
        (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}}"#, 1, "unknown field x"),
        (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}}"#, 1, "two numbers"),
        (#"{"a":[]}"#, 0, "must stand here"),
        (#"{"a"#, 0, "does not end"),
        (#"{"a\"#, 0, "does not end"),
        (#"{} x"#, 0, "follows"),
        ("", 0, "must stand here"),
    ]

    @Test(arguments: lies.indices)
    func refusesALyingHeader(_ index: Int) throws {
        let lie = Self.lies[index]
        let scratch = try ScratchFolder()
        let url = try scratch.safetensors(lie.header, dataBytes: lie.dataBytes)
        let error = #expect(throws: SafeTensorsError.self) { try SafeTensorsReader(url) }
        let description = error?.description ?? ""
        #expect(description.contains(lie.words), "\(description)")
        #expect(description.contains(url.path) || lie.words == "given twice")
    }

    @Test func refusesLengthsBeyondTheFile() throws {
        let scratch = try ScratchFolder()
        for length: UInt64 in [3, 1000, 100_000_001, 1 << 63, .max] {
            let url = try scratch.safetensors("{}", dataBytes: 0, claimedLength: length)
            #expect(throws: SafeTensorsError.self) { try SafeTensorsReader(url) }
        }
        for bytes in [0, 1, 7] {
            try Data(count: bytes).write(to: scratch.file("short"))
            #expect(
                throws: SafeTensorsError.truncated(
                    path: scratch.file("short").path, needed: 8, actual: bytes)
            ) { try SafeTensorsReader(scratch.file("short")) }
        }
    }

    @Test func namesFoldersWithoutWeights() throws {
        let scratch = try ScratchFolder()
        #expect(throws: SafeTensorsError.self) { try SafeTensorsReader(scratch.url) }
        #expect(throws: SafeTensorsError.self) {
            try SafeTensorsReader(scratch.file("nothing"))
        }
    }

    @Test func copiesWhatIsNotAligned() throws {
        let scratch = try ScratchFolder()
        // Two spaces too many: the f32 data begin at an odd address.
        let header = #"{"a": {"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  "#
        #expect((8 + header.utf8.count) % 4 != 0)
        let url = try scratch.safetensors(header, dataBytes: 8)
        #expect(try SafeTensorsReader(url).tensor("a").floats() == [0, 0])
    }

    @Test func failedWritesLeaveNothing() throws {
        let scratch = try ScratchFolder()
        #expect(throws: SafeTensorsError.self) {
            try SafeTensorsWriter.write(
                [("a", Tensor.ones([2]))], to: scratch.file("no/such/folder.safetensors"))
        }
        #expect(throws: SafeTensorsError.self) {
            try SafeTensorsWriter.write(
                [("a", Tensor.ones([2])), ("a", Tensor.ones([2]))],
                to: scratch.file("twice.safetensors"))
        }
        // A folder cannot be replaced by a file: the last step fails, after all was written.
        try FileManager.default.createDirectory(
            at: scratch.file("taken"), withIntermediateDirectories: true)
        #expect(throws: SafeTensorsError.self) {
            try SafeTensorsWriter.write([("a", Tensor.ones([2]))], to: scratch.file("taken"))
        }
        #expect(try scratch.files == ["taken"])
    }

    #if os(Linux)
        @Test func aFullDiskIsSaidPlainly() throws {
            let full = open("/dev/full", O_WRONLY)
            defer { close(full) }
            let failure = #expect(throws: AtomicFile.WriteFailure.self) {
                try [UInt8](repeating: 0, count: 16).withUnsafeBytes {
                    try AtomicFile.write($0, to: full)
                }
            }
            #expect(failure?.code == ENOSPC)
            #expect(failure?.reason.contains("disk is full") == true)
        }
    #endif
}
