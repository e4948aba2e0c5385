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

    @Test(.timeLimit(.minutes(1)), arguments: ["config.json", "generation_config.json"])
    func aConfigurationThatIsNoFile(_ name: String) throws {
        for make in [Self.pipe, Self.device] {
            let folder = try Self.folder(name, make)
            #expect {
                try ModelConfig(folder: folder.url)
            } throws: { error in
                "\(error)".contains(name) && "\(error)".contains("no regular file")
            }
        }
    }

    @Test(
        .timeLimit(.minutes(1)),
        arguments: ["tokenizer.json", "tokenizer_config.json", "chat_template.jinja"])
    func aTextThatIsNoFile(_ name: String) throws {
        for make in [Self.pipe, Self.device] {
            let folder = try Self.folder(name, make)
            #expect {
                try ModelText(folder: folder.url)
            } throws: { error in
                "\(error)".contains(name) && "\(error)".contains("no regular file")
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func weightsAndTheirIndexThatAreNoFiles() throws {
        for name in ["model.safetensors", "model.safetensors.index.json"] {
            for make in [Self.pipe, Self.device] {
                let folder = try Self.folder(name, make)
                #expect {
                    try SafeTensorsReader(folder.url)
                } throws: { error in
                    "\(error)".contains(name) && "\(error)".contains("not a regular file")
                }
            }
        }
    }
}
