import Foundation
import HoneCore
import OrderedCollections
import TestSupport
import Testing

@testable import HoneModels

@Suite struct ModelConfigTests {
    /// The members of a published-style Qwen2 file, with changes.
    func qwen2(_ changes: JSONObject = [:]) -> JSONObject {
        var members: JSONObject = [
            "model_type": "qwen2", "vocab_size": 151936, "hidden_size": 896,
            "intermediate_size": 4864, "num_hidden_layers": 24, "num_attention_heads": 14,
            "num_key_value_heads": 2, "max_position_embeddings": 32768, "rms_norm_eps": 1e-6,
            "rope_theta": 1_000_000.0, "hidden_act": "silu", "tie_word_embeddings": true,
            "use_sliding_window": false, "sliding_window": 32768, "max_window_layers": 21,
            "attention_dropout": 0.0, "torch_dtype": "bfloat16", "use_mrope": false,
        ]
        members.merge(changes) { _, new in new }
        return members
    }

    func config(_ members: JSONObject) throws -> ModelConfig {
        try ModelConfig(members, file: "config.json")
    }

    /// What reading `members` complains of.
    func complaint(_ members: JSONObject) -> String {
        do {
            _ = try config(members)
            return "nothing"
        } catch {
            return "\(error)"
        }
    }

    @Test func readsThePublishedSpelling() throws {
        let config = try config(qwen2())
        #expect(config.headWidth == 64)
        #expect(config.hasQueryBias && !config.hasOutputBias)
        #expect(config.isHeadTied)
        #expect(config.windows.allSatisfy { $0 == nil } && config.windows.count == 24)
        #expect(config.rotary == RotaryConfig(base: 1_000_000, width: 64))
        #expect(config.attentionScale == 0.125)
    }

    @Test func readsTheSpellingOfTransformers5() throws {
        let config = try config(
            qwen2([
                "dtype": "bfloat16", "rope_theta": nil,
                "rope_parameters": ["rope_type": "default", "rope_theta": 500000.0],
                "layer_types": .array(Array(repeating: "full_attention", count: 24)),
            ]))
        #expect(config.rotary.base == 500_000)
    }

    /// The same configuration as transformers 5 writes it today.
    @Test(arguments: ParityCase.all) func readsWhatTransformersWrites(_ parity: ParityCase) throws {
        let file = parity.folder.appending(path: "resaved.json")
        let text = try String(contentsOf: file, encoding: .utf8)
        let members = try #require(JSONValue(parsing: text).objectValue)
        var resaved = try ModelConfig(members, file: file.path)
        var original = try ModelConfig(folder: parity.folder)
        // `generation_config.json` is read with a folder only.
        original.generation = GenerationDefaults()
        resaved.endTokens = original.endTokens
        #expect(resaved == original)
    }

    /// Keys that published files of Phi-4-mini and Gemma 3 4B have, or leave out.
    @Test func readsOtherPublishedFiles() throws {
        let phi = try config([
            "model_type": "phi3", "architectures": ["Phi3ForCausalLM"], "vocab_size": 200_064,
            "hidden_size": 3072, "intermediate_size": 8192, "num_hidden_layers": 32,
            "num_attention_heads": 24, "num_key_value_heads": 8, "full_attn_mod": 1,
            "interpolate_factor": 1, "lm_head_bias": false, "mlp_bias": false,
            "attention_bias": false, "max_position_embeddings": 131_072,
            "original_max_position_embeddings": 4096, "partial_rotary_factor": 0.75,
            "sliding_window": 262_144, "tie_word_embeddings": true, "auto_map": ["a": "b"],
            "rope_scaling": [
                "type": "longrope", "short_factor": .array(Array(repeating: 1, count: 48)),
                "long_factor": .array(Array(repeating: 2.5, count: 48)),
            ],
        ])
        #expect(phi.rotary.width == 96 && phi.headWidth == 128)
        // √(1 + ln 32 / ln 4096) = √(1 + 5 / 12)
        #expect(abs(phi.rotary.attentionFactor - (17.0 / 12).squareRoot()) < 1e-12)

        let gemma = try config([
            "model_type": "gemma3", "architectures": ["Gemma3ForConditionalGeneration"],
            "eos_token_id": [1, 106], "image_token_index": 262_144, "mm_tokens_per_image": 256,
            "boi_token_index": 255_999, "eoi_token_index": 256_000, "initializer_range": 0.02,
            "vision_config": ["hidden_size": 1152],
            "text_config": [
                "model_type": "gemma3_text", "hidden_size": 2560, "intermediate_size": 10240,
                "num_hidden_layers": 34, "sliding_window": 1024,
                "rope_scaling": ["factor": 8.0, "rope_type": "linear"],
            ],
        ])
        #expect(gemma.headCount == 8 && gemma.keyHeadCount == 4 && gemma.headWidth == 256)
        #expect(gemma.vocabularySize == 262_208 && gemma.maximumLength == 131_072)
        #expect(gemma.windows.filter { $0 == nil }.count == 5 && gemma.isHeadTied)
        #expect(gemma.endTokens == [1, 106] && gemma.attentionScale == 0.0625)
    }

    /// Gemma 3: every `sliding_window_pattern`-th layer sees all, the others slide on a base of
    /// their own.
    @Test func alternatesLayersByPattern() throws {
        let config = try ModelConfig(folder: Fixtures.url("models/gemma3-pattern"))
        #expect(config.windows == [6, 6, nil])
        #expect(config.rotary.base == 1_000_000 && config.rotary.scaling == .linear(factor: 8))
        #expect(config.slidingRotary == RotaryConfig(base: 10_000, width: 16))
        #expect(config.embeddingScale == 32.0.squareRoot())
        #expect(config.endTokens == [1, 6])
    }

    @Test func generationConfigDecidesEndTokensAndSampling() throws {
        let config = try ModelConfig(folder: Fixtures.url("models/llama-three"))
        #expect(config.endTokens == [2, 3, 4])
        #expect(config.generation.temperature == 0.7)
        #expect(config.generation.topK == 20)
        #expect(config.generation.repetitionPenalty == 1.1)
    }

    @Test func refusesUnknownFamilies() {
        let text = complaint(qwen2(["model_type": "mamba"]))
        #expect(text.contains("mamba") && text.contains("config.json") && text.contains("qwen3"))
    }

    @Test(arguments: [
        "residual_multiplier", "num_experts", "final_logit_softcapping",
        "attn_logit_softcapping", "attention_multiplier",
    ])
    func refusesFieldsItDoesNotUnderstand(_ key: String) {
        let text = complaint(qwen2([key: 2]))
        #expect(text.contains("\"\(key)\"") && text.contains("not understood"))
    }

    @Test func refusesUnknownScaling() {
        #expect(
            complaint(qwen2(["rope_scaling": ["type": "mrope", "mrope_section": [16, 24, 24]]]))
                .contains("rope_scaling.type\" = \"mrope\""))
        #expect(
            complaint(qwen2(["rope_scaling": ["type": "linear", "factor": 2, "taper": 3]]))
                .contains("rope_scaling.taper"))
        #expect(
            complaint(qwen2(["rope_scaling": ["type": "linear"]]))
                .contains("\"rope_scaling.factor\" is missing"))
    }

    @Test func refusesValuesThatWouldChangeTheMathematics() {
        #expect(complaint(qwen2(["attention_dropout": 0.1])).contains("attention_dropout"))
        #expect(complaint(qwen2(["hidden_act": "relu"])).contains("\"hidden_act\" = \"relu\""))
        #expect(
            complaint(qwen2(["architectures": ["Qwen2ForSequenceClassification"]]))
                .contains("Qwen2ForSequenceClassification"))
        #expect(complaint(qwen2(["partial_rotary_factor": 0.5])).contains("partial_rotary_factor"))
    }

    @Test func namesTheKeysOfAContradiction() {
        #expect(complaint(qwen2(["num_key_value_heads": 3])).contains("num_key_value_heads"))
        #expect(
            complaint(qwen2(["num_attention_heads": 13, "num_key_value_heads": 13]))
                .contains("hidden_size"))
        #expect(complaint(qwen2(["layer_types": ["full_attention"]])).contains("layer_types"))
        #expect(complaint(qwen2(["hidden_size": nil])).contains("\"hidden_size\" is missing"))
        #expect(complaint(qwen2(["vocab_size": "many"])).contains("an integer"))
        #expect(complaint(qwen2(["num_hidden_layers": 0])).contains("at least 1"))
    }

    @Test func acceptsKeysThatAreKnownToBeInertAndNullOnes() throws {
        _ = try config(
            qwen2([
                "transformers_version": "4.43.1", "_name_or_path": "x", "id2label": ["0": "a"],
                "some_new_switch": nil, "temperature": 0.7,
            ]))
    }

    @Test func namesAMissingOrBrokenFile() throws {
        let scratch = try ScratchFolder()
        #expect(throws: ModelError.self) { try ModelConfig(folder: scratch.url) }
        try scratch.file("config.json", "{\"model_type\": \"llama\",")
        let error = #expect(throws: ModelError.self) { try ModelConfig(folder: scratch.url) }
        #expect("\(try #require(error))".contains("config.json"))
    }
}
