import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

@testable import HoneModels

/// Configurations that no model has: each is an error that names its key, or a configuration whose numbers fit
/// together.
@Suite struct ConfigFuzzTests {
    private static let sound: [JSONObject] = [
        [
            "model_type": "qwen2", "vocab_size": 96, "hidden_size": 16, "intermediate_size": 32,
            "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
            "max_position_embeddings": 512, "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
            "hidden_act": "silu",
            "tie_word_embeddings": true, "use_sliding_window": false, "sliding_window": 32,
            "max_window_layers": 1,
        ],
        [
            "model_type": "llama", "vocab_size": 96, "hidden_size": 16, "intermediate_size": 32,
            "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 4,
            "head_dim": 4,
            "max_position_embeddings": 512, "rms_norm_eps": 1e-6, "eos_token_id": [1, 2],
            "rope_scaling": [
                "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                "high_freq_factor": 4.0,
                "original_max_position_embeddings": 64,
            ],
        ],
        [
            "model_type": "phi3", "vocab_size": 96, "hidden_size": 16, "intermediate_size": 32,
            "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2,
            "max_position_embeddings": 512, "original_max_position_embeddings": 64,
            "rms_norm_eps": 1e-5,
            "partial_rotary_factor": 0.5, "sliding_window": 16,
            "rope_scaling": [
                "type": "longrope", "short_factor": [1.0, 1.0], "long_factor": [2.0, 3.0],
            ],
        ],
        [
            "model_type": "gemma3_text", "vocab_size": 96, "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1,
            "head_dim": 8,
            "max_position_embeddings": 512, "query_pre_attn_scalar": 8, "sliding_window": 16,
            "sliding_window_pattern": 2, "rope_local_base_freq": 10000.0,
            "layer_types": ["sliding_attention", "full_attention"],
        ],
        [
            "model_type": "qwen3", "vocab_size": 96, "hidden_size": 16, "intermediate_size": 32,
            "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1,
            "head_dim": 8,
            "max_position_embeddings": 512, "rope_scaling": ["rope_type": "yarn", "factor": 4.0],
        ],
    ]

    private static func check(_ members: JSONObject) {
        do throws(ModelError) {
            let config = try ModelConfig(members, file: "config.json")
            #expect(config.headCount % config.keyHeadCount == 0 && config.headWidth > 0)
            #expect(config.windows.count == config.layerCount)
            // What a model of this configuration asks for before it has any weights.
            guard config.headWidth < 1 << 16 else { return }
            for length in [0, 1, 700, config.maximumLength] {
                _ = config.rotary.frequencies(length: length)
                _ = config.slidingRotary?.frequencies(length: length)
                _ = config.rotaryLength(for: length)
            }
        } catch {
            #expect("\(error)".contains("config.json"))
        }
    }

    @Test(arguments: sound.indices) func theseAreSound(_ index: Int) {
        #expect(throws: Never.self) { try ModelConfig(Self.sound[index], file: "config.json") }
    }

    @Test func spoiledOnesAreErrorsOrFitTogether() {
        Damage.cases(1000) { damage in
            let index = Int.random(in: Self.sound.indices, using: &damage)
            let spoiled = damage.spoil(JSONValue.object(Self.sound[index]))
            Damage.note(spoiled.text())
            if let members = spoiled.objectValue { Self.check(members) }
        }
    }

    @Test func everyKeyMeetsEveryExtreme() {
        let extremes: [JSONValue] = [
            .null, true, "5", "x", [], [:], 0, -1, 3, .int(.max), .int(.min), .int(1 << 31),
            .int((1 << 31) - 1),
            0.5, .double(.nan), .double(.infinity), 1e300, 1e-300, -1e300,
        ]
        for members in Self.sound {
            for key in members.keys {
                for extreme in extremes {
                    var changed = members
                    changed[key] = extreme
                    Damage.note(JSONValue.object(changed).text())
                    Self.check(changed)
                }
                var without = members
                without[key] = nil
                Self.check(without)
            }
        }
    }

    @Test func spoiledTextIsAnError() throws {
        let folder = try ScratchFolder()
        let good = Array(JSONValue.object(Self.sound[1]).text(.indented).utf8)
        try Damage.cases(100) { damage in
            let bytes = damage.spoil(good)
            Damage.note(String(decoding: bytes, as: UTF8.self))
            try Data(bytes).write(to: folder.url.appending(path: "config.json"))
            do {
                _ = try ModelConfig(folder: folder.url)
            } catch {
                #expect("\(error)".contains("config.json"))
            }
        }
        for text in ["", "[]", "null", String(repeating: "[", count: 1_000_000), "{\"a\": 1e999}"] {
            try folder.file("config.json", text)
            #expect(throws: ModelError.self) { try ModelConfig(folder: folder.url) }
        }
    }
}
