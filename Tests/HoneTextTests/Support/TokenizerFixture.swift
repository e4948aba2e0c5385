import Foundation
import HoneCore
import TestSupport

@testable import HoneText

/// A small tokenizer with a published pipeline, and what the `tokenizers` library makes of the
/// hostile strings with it (`Tools/fixtures/tokenizer_fixtures.py`).
struct TokenizerFixture {
    static let families = [
        "gpt2", "qwen2", "qwen3", "llama3", "smollm", "phi4", "phi4_mini", "tekken", "deepseek",
        "llama2", "mistral", "phi3", "gemma", "odds", "marks",
    ]

    /// What the library gives for one string; see `MANIFEST.json` beside the fixtures.
    struct Expectation: Equatable {
        var ids: UInt32
        var decoded: UInt16
        var drawn: UInt16
    }

    let tokenizer: Tokenizer
    let expectations: [Expectation]

    init(_ family: String) throws {
        let folder = Fixtures.url("tokenizers/\(family)")
        tokenizer = try Tokenizer(folder: folder)
        let bytes = [UInt8](try Data(contentsOf: folder.appending(path: "expected.bin")))
        expectations = stride(from: 0, to: bytes.count, by: 8).map { start in
            func number(_ range: Range<Int>) -> UInt32 {
                range.reversed().reduce(0) { $0 << 8 | UInt32(bytes[start + $1]) }
            }
            return Expectation(
                ids: number(0..<4), decoded: UInt16(number(4..<6)), drawn: UInt16(number(6..<8)))
        }
    }

    /// The hostile strings, in the order of the expectations.
    static func strings() throws -> [String] { try allStrings.get() }

    private static let allStrings = Result {
        let bytes = [UInt8](try Fixtures.data("tokenizers/corpus.jsonl"))
        return try bytes.split(separator: 0x0A).map { line in
            try JSONValue(parsing: Array(line)).stringValue ?? ""
        }
    }

    /// The ids that the generator's `drawn_ids` draws for the string at `index`.
    func drawnIDs(_ index: Int) -> [Int32] {
        var state = UInt64(index) &* 0x9E37_79B9_7F4A_7C15 &+ 1
        // Three beyond the vocabulary: ids that no token has.
        let limit = UInt64(tokenizer.idCount + 3)
        return (0...index % 12).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int32((state >> 33) % limit)
        }
    }
}

/// CRC-32 as in zlib.
enum Checksum {
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in
            value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1
        }
    }

    static func of(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var state = ~UInt32(0)
        for byte in bytes { state = table[Int((state ^ UInt32(byte)) & 0xFF)] ^ state >> 8 }
        return ~state
    }

    static func of(_ ids: [Int32]) -> UInt32 {
        of(ids.flatMap { id in (0..<4).map { UInt8(truncatingIfNeeded: id >> ($0 * 8)) } })
    }

    static func low16(_ text: String) -> UInt16 { UInt16(truncatingIfNeeded: of(text.utf8)) }
}
