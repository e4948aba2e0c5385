import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

@testable import HoneText

/// `tokenizer.json` files that no tokenizer has: each is an error that names the file, or encodes and decodes
/// whatever it is given.
@Suite struct TokenizerFuzzTests {
    private static let sound: [JSONValue] = [
        [
            "version": "1.0",
            "added_tokens": [
                [
                    "id": 6, "content": "<end>", "special": true, "normalized": false,
                    "single_word": false,
                    "lstrip": false, "rstrip": true,
                ]
            ],
            "normalizer": [
                "type": "Sequence",
                "normalizers": [
                    ["type": "NFC"],
                    ["type": "Replace", "pattern": ["String": " "], "content": "▁"],
                ],
            ],
            "pre_tokenizer": [
                "type": "Sequence",
                "pretokenizers": [
                    [
                        "type": "Split", "pattern": ["Regex": "\\p{L}+|\\p{N}|[^\\s]"],
                        "behavior": "Isolated",
                        "invert": false,
                    ],
                    [
                        "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
                        "use_regex": false,
                    ],
                ],
            ],
            "post_processor": [
                "type": "TemplateProcessing",
                "single": [
                    ["SpecialToken": ["id": "<end>", "type_id": 0]],
                    ["Sequence": ["id": "A", "type_id": 0]],
                ],
                "pair": [
                    ["Sequence": ["id": "A", "type_id": 0]],
                    ["Sequence": ["id": "B", "type_id": 1]],
                ],
                "special_tokens": ["<end>": ["id": "<end>", "ids": [6], "tokens": ["<end>"]]],
            ],
            "decoder": [
                "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true,
                "use_regex": true,
            ],
            "model": [
                "type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": nil,
                "end_of_word_suffix": nil, "fuse_unk": false, "byte_fallback": false,
                "ignore_merges": false,
                "vocab": ["a": 0, "b": 1, "ab": 2, "aba": 3, "c": 4, "abc": 5],
                "merges": ["a b", ["ab", "a"], "ab c"],
            ],
        ],
        [
            "version": "1.0", "added_tokens": [],
            "normalizer": [
                "type": "Sequence",
                "normalizers": [
                    ["type": "Prepend", "prepend": "▁"],
                    ["type": "Replace", "pattern": ["String": " "], "content": "▁"],
                ],
            ],
            "pre_tokenizer": nil, "post_processor": nil,
            "decoder": [
                "type": "Sequence",
                "decoders": [
                    ["type": "Replace", "pattern": ["String": "▁"], "content": " "],
                    ["type": "ByteFallback"],
                    ["type": "Fuse"], ["type": "Strip", "content": " ", "start": 1, "stop": 0],
                ],
            ],
            "model": [
                "type": "BPE", "dropout": nil, "unk_token": "<unk>",
                "continuing_subword_prefix": nil,
                "end_of_word_suffix": nil, "fuse_unk": true, "byte_fallback": true,
                "ignore_merges": false,
                "vocab": ["<unk>": 0, "▁": 1, "a": 2, "b": 3, "<0x41>": 4, "ab": 5, "▁a": 6],
                "merges": [["a", "b"], ["▁", "a"]],
            ],
        ],
    ]

    private static let texts = [
        "", "abab abc", "<end>x<end>", "Aé😀\u{0}\r\n", String(repeating: "ab", count: 300),
        "\u{301}\u{FEFF}",
    ]

    /// Whether it can be used; errors name the file.
    @discardableResult
    private static func isUsable(_ bytes: [UInt8]) -> Bool {
        do throws(TokenizerError) {
            let file = try TokenizerFile(bytes: bytes, path: "tokenizer.json")
            let tokenizer = try Tokenizer(file, TokenizerConfiguration())
            for text in Self.texts {
                let ids = try tokenizer.encode(text, addSpecialTokens: true)
                _ = tokenizer.decode(ids, skipSpecialTokens: false)
            }
            _ = tokenizer.decode([0, 6, -1, .max, .min, 5, 99], skipSpecialTokens: true)
            return true
        } catch {
            #expect(
                "\(error)".contains("tokenizer.json") || "\(error)".contains("pattern"), "\(error)")
            return false
        }
    }

    @Test(arguments: sound.indices) func theseAreSound(_ index: Int) {
        #expect(Self.isUsable(Array(Self.sound[index].text().utf8)))
    }

    @Test func spoiledOnesAreErrorsOrUsable() {
        Damage.cases(500) { damage in
            let index = Int.random(in: Self.sound.indices, using: &damage)
            let spoiled = damage.spoil(Self.sound[index])
            Damage.note(spoiled.text())
            Self.isUsable(Array(spoiled.text().utf8))
        }
    }

    @Test func spoiledTextIsAnErrorOrUsable() {
        let good = Array(Self.sound[0].text(.indented).utf8)
        Damage.cases(300) { damage in
            let bytes = damage.spoil(good)
            Damage.note(String(decoding: bytes, as: UTF8.self))
            Self.isUsable(bytes)
        }
    }

    /// A pattern that tries far too many ways is an error, not a hang.
    @Test(arguments: ["(a+)+b[0-9]", "(a|a)*c", "(?:a?){40}a{40}c", "(?:(?:a+)+)+c"])
    func ambiguousPatternsAreGivenUp(_ pattern: String) throws {
        let document: JSONValue = [
            "version": "1.0",
            "pre_tokenizer": [
                "type": "Split", "pattern": ["Regex": .string(pattern)], "behavior": "Isolated",
                "invert": false,
            ],
            "model": ["type": "BPE", "vocab": ["a": 0, "b": 1], "merges": []],
        ]
        let file = try TokenizerFile(bytes: Array(document.text().utf8), path: "tokenizer.json")
        let tokenizer = try Tokenizer(file, TokenizerConfiguration())
        let begun = Damage.processorSeconds()
        _ = try? tokenizer.encode(String(repeating: "a", count: 60) + "b", addSpecialTokens: false)
        #expect(Damage.processorSeconds() - begun < 60)
    }

    @Test func strangeMergesAndVocabulariesAreErrorsOrUsable() {
        // Merges in a circle, of what is not there, of themselves.
        for merges in [
            ["a b", "b a"], ["a a"], ["ab ab"], ["x y"], [""], [" "], ["a"], ["a b c"],
            ["a b", "a b"], [["a"]],
            [["a", "b", "c"]], [["a", 1]], [nil], [[]], "a b",
        ] as [JSONValue] {
            let document: JSONValue = [
                "version": "1.0",
                "model": ["type": "BPE", "vocab": ["a": 0, "b": 1, "ab": 2], "merges": merges],
            ]
            Self.isUsable(Array(document.text().utf8))
        }
        for vocabulary in [
            ["a": 0, "b": 0], ["a": -1], ["a": .int(.max)], ["a": .int(1 << 24)], ["a": 0.5],
            ["a": "0"], ["a": nil],
            [:], [], ["": 0], ["a": .int((1 << 24) - 1)],
        ] as [JSONValue] {
            let document: JSONValue = [
                "version": "1.0", "model": ["type": "BPE", "vocab": vocabulary, "merges": []],
            ]
            Self.isUsable(Array(document.text().utf8))
        }
    }
}
