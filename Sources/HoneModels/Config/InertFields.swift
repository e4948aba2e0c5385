import HoneCore

/// Keys of published `config.json` files that do not change what the model computes, and keys that
/// would, but that every supported model has at the value that does not.
enum InertFields {
    /// Bookkeeping, token ids of other users and generation defaults that
    /// old files keep here.
    static let common: Set<String> = [
        "architectures", "model_type", "transformers_version", "torch_dtype", "dtype", "use_cache",
        "bos_token_id", "pad_token_id", "sep_token_id", "eos_token_id",
        "decoder_start_token_id", "forced_bos_token_id", "forced_eos_token_id",
        "_name_or_path", "name_or_path", "auto_map", "cache_implementation", "pretraining_tp",
        "attn_implementation", "_attn_implementation", "_attn_implementation_autoset",
        "_flash_attn_2_enabled", "torchscript", "use_bfloat16", "return_dict",
        "output_attentions", "output_hidden_states", "id2label", "label2id", "num_labels",
        "problem_type", "finetuning_task", "task_specific_params", "tokenizer_class", "prefix",
        "tf_legacy_loss", "unsloth_version", "unsloth_fixed", "transformers.js_config",
        "is_llama_config", "pruned_heads", "chunk_size_feed_forward", "tie_encoder_decoder",
        "max_length", "min_length", "do_sample", "early_stopping", "num_beams",
        "num_beam_groups", "diversity_penalty", "temperature", "top_k", "top_p", "typical_p",
        "repetition_penalty", "length_penalty", "no_repeat_ngram_size",
        "encoder_no_repeat_ngram_size", "bad_words_ids", "num_return_sequences",
        "output_scores", "return_dict_in_generate", "remove_invalid_values",
        "exponential_decay_length_penalty", "suppress_tokens", "begin_suppress_tokens",
    ]

    /// Keys of a Gemma 3 folder that only its picture part uses.
    static let multimodal: Set<String> = [
        "vision_config", "initializer_range", "boi_token_index", "eoi_token_index",
        "image_token_index",
        "mm_tokens_per_image", "boi_token_id", "eoi_token_id", "image_token_id",
    ]

    /// Keys with the values at which they do nothing.
    private static let fixed: [(key: String, values: [JSONValue])] = [
        ("attention_dropout", [0]), ("resid_pdrop", [0]), ("embd_pdrop", [0]),
        ("hidden_dropout", [0]), ("rope_interleaved", [false]), ("use_mrope", [false]),
        ("is_encoder_decoder", [false]), ("is_decoder", [false, true]),
        ("add_cross_attention", [false]), ("cross_attention_hidden_size", []),
        ("use_bidirectional_attention", [false]), ("mlp_only_layers", [[]]),
        ("lm_head_bias", [false]), ("full_attn_mod", [1]), ("interpolate_factor", [1]),
    ]

    static func check(
        _ reader: inout ConfigReader, _ family: ModelFamily
    ) throws(ModelError) {
        reader.ignore(common)
        for (key, values) in fixed { try reader.require(key, isOneOf: values) }
        try reader.refuseQuantization()
        // A classifier or a reward model of the same family has another head.
        for name in try reader.strings("architectures") ?? [] {
            guard name.hasSuffix("ForCausalLM") || name.hasSuffix("ForConditionalGeneration") else {
                throw reader.unsupported("architectures", .string(name))
            }
        }
        if family == .gemma2 {
            // Gemma 2 alternates whatever this says; Gemma 3 reads it.
            try reader.require("sliding_window_pattern", isOneOf: [2])
        }
    }
}
