import Foundation
import HoneCore

extension RewardSource {
    /// Reads the file at `path` and, if it is Python, the modules in its folder that it imports, and
    /// those that they import.
    /// - Throws: ``RewardSourceError``
    public init(reading path: String) throws(RewardSourceError) {
        let file = URL(filePath: path).absoluteURL.standardizedFileURL
        let name = file.lastPathComponent
        var texts = [name: try Self.text(of: file)]
        if file.pathExtension == "py" {
            var waiting = [texts[name] ?? ""]
            while let text = waiting.popLast() {
                for module in Self.imports(in: text) {
                    let place = "\(module).py"
                    let neighbour = file.deletingLastPathComponent().appending(path: place)
                    guard texts[place] == nil,
                        FileManager.default.fileExists(atPath: neighbour.path)
                    else { continue }
                    texts[place] = try Self.text(of: neighbour)
                    waiting.append(texts[place] ?? "")
                }
            }
        }
        self.init(name: name, texts: texts, origin: file.path)
    }

    private static func text(of file: URL) throws(RewardSourceError) -> String {
        guard let data = try? Data(contentsOf: file) else {
            throw .unreadable(
                path: file.path, reason: "there is no such file, or it may not be read")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw .unreadable(path: file.path, reason: "it is not UTF-8 text")
        }
        return text
    }

    /// The first names of modules in import statements, also indented ones.
    static func imports(in text: String) -> [String] {
        text.split(separator: "\n").flatMap { line -> [String] in
            let words = line.trimmingPrefix(while: \.isWhitespace)
            if let match = words.prefixMatch(of: /from\s+(\w+)/) { return [String(match.1)] }
            guard let match = words.prefixMatch(of: /import\s+(.+)/) else { return [] }
            return match.1.split(separator: ",").compactMap { part in
                part.trimmingPrefix(while: \.isWhitespace).prefixMatch(of: /\w+/)
                    .map { String($0.0) }
            }
        }
    }

    /// Puts the texts into a folder of their own in `parent`, unless they are there; returns the
    /// function's file.
    ///
    /// What else lies in the folder of ``origin`` is linked beside them, so that a function finds the
    /// data it reads. That data may change; the texts do not.
    func place(in parent: URL) async throws -> URL {
        let folder = parent.appending(path: digest)
        let files = FileManager.default
        if !files.fileExists(atPath: folder.path) {
            try await DurableFolder.write(folder) { partial in
                for (name, text) in texts {
                    try Data(text.utf8).write(to: partial.appending(path: name))
                }
            }
        }
        let home = URL(filePath: origin).deletingLastPathComponent()
        let neighbours = (try? files.contentsOfDirectory(atPath: home.path)) ?? []
        for name in neighbours.prefix(Self.mostLinks)
        where !name.hasPrefix(".") && name != "__pycache__" {
            let link = folder.appending(path: name)
            // A link that leads nowhere exists no more than none at all.
            guard (try? files.attributesOfItem(atPath: link.path)) == nil else { continue }
            try? files.createSymbolicLink(
                at: link, withDestinationURL: home.appending(path: name))
        }
        return folder.appending(path: name)
    }

    /// Neighbours of a reward file that are linked; a folder with more is no folder of reward functions.
    private static let mostLinks = 256
}

/// Why the source of a reward function could not be read.
public enum RewardSourceError: Error, Sendable, Hashable, CustomStringConvertible {
    case unreadable(path: String, reason: String)

    public var description: String {
        switch self {
        case .unreadable(let path, let reason): "\(path) cannot be read: \(reason)"
        }
    }
}
