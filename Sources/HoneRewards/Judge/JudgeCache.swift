import Foundation
import HoneCore
import OrderedCollections

/// What a judge answered, kept on disk by what it was asked, so that the same question is not paid
/// twice, in this run or another.
///
/// A file of JSON lines `{"key", "text"}`, only ever appended to; a line that a crash cut short is
/// passed over. The key is a hash (FNV-1a, 128 bits) of endpoint and request.
actor JudgeCache {
    private let url: URL
    private var answers: [String: String]?
    private var file: JSONLinesFile?
    private var isBroken = false

    init(_ url: URL) { self.url = url }

    /// The answer to `request` at `endpoint`, if it is known.
    func answer(to request: ChatRequest, at endpoint: String) -> String? {
        load()[Self.key(request, endpoint)]
    }

    /// Keeps an answer. A disk that refuses costs the memory, not the run.
    func keep(_ text: String, for request: ChatRequest, at endpoint: String) {
        let key = Self.key(request, endpoint)
        var known = load()
        known[key] = text
        answers = known
        let line: JSONObject = ["key": .string(key), "text": .string(text)]
        guard !isBroken else { return }
        do {
            try opened().append([.object(line)])
        } catch {
            isBroken = true
        }
    }

    private func load() -> [String: String] {
        if let answers { return answers }
        var known: [String: String] = [:]
        let text = (try? Data(contentsOf: url)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        for line in text.split(separator: "\n") {
            guard let row = try? JSONValue(parsing: Array(line.utf8)),
                let key = row["key"]?.stringValue, let answer = row["text"]?.stringValue
            else { continue }
            known[key] = answer
        }
        answers = known
        return known
    }

    private func opened() throws -> JSONLinesFile {
        if let file { return file }
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        let opened = try JSONLinesFile(url)
        try opened.endLine()
        file = opened
        return opened
    }

    private static func key(_ request: ChatRequest, _ endpoint: String) -> String {
        let prime = (UInt128(1) << 88) | 0x13B
        var hash: UInt128 = 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D
        for byte in (endpoint + "\n" + request.body.text()).utf8 {
            hash = (hash ^ UInt128(byte)) &* prime
        }
        return String(hash, radix: 16)
    }
}
