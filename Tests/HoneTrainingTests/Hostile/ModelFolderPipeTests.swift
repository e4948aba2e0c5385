import Foundation
import HoneCore
import HoneModels
import HoneTraining
import TestSupport
import Testing
import Torch

/// Whatever of a model folder is no file is an error that names it, and never waited for.
@Suite struct ModelFolderPipeTests {
    private static let model = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Pretrained/countdown-tiny")

    /// A model folder of which `name` is what `make` makes of it.
    private static func folder(
        _ name: String, _ make: (String) throws -> Void
    ) throws -> ScratchFolder {
        let scratch = try ScratchFolder()
        for file in try FileManager.default.contentsOfDirectory(atPath: model.path)
        where file != name {
            try FileManager.default.createSymbolicLink(
                at: scratch.url.appending(path: file),
                withDestinationURL: model.appending(path: file))
        }
        try make(scratch.url.appending(path: name).path)
        return scratch
    }

    private static func pipe(_ path: String) { #expect(mkfifo(path, 0o600) == 0) }

    private static func device(_ path: String) throws {
        try FileManager.default.createSymbolicLink(
            atPath: path, withDestinationPath: "/dev/zero")
    }

    /// What `read` says of a model folder in which `name` is a pipe, and then a device.
    private static func expectRefusal(
        of name: String, _ words: String = "no regular file", _ read: (URL) throws -> Void
    ) throws {
        for make in [pipe, device] {
            let folder = try folder(name, make)
            #expect {
                try read(folder.url)
            } throws: { error in
                "\(error)".contains(name) && "\(error)".contains(words)
            }
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: ["config.json", "generation_config.json"])
    func aConfigurationThatIsNoFile(_ name: String) throws {
        try Self.expectRefusal(of: name) { _ = try ModelConfig(folder: $0) }
    }

    @Test(
        .timeLimit(.minutes(1)),
        arguments: ["tokenizer.json", "tokenizer_config.json", "chat_template.jinja"])
    func aTextThatIsNoFile(_ name: String) throws {
        try Self.expectRefusal(of: name) { _ = try ModelText(folder: $0) }
    }

    @Test(
        .timeLimit(.minutes(1)), arguments: ["model.safetensors", "model.safetensors.index.json"])
    func weightsAndTheirIndexThatAreNoFiles(_ name: String) throws {
        try Self.expectRefusal(of: name, "not a regular file") { _ = try SafeTensorsReader($0) }
    }
}
