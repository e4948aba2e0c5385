#pragma once
#include "ctorch_decoder.h"
#include "ctorch_inference.h"

/// One linear layer: x · weightᵀ + bias with adapters; dropout must be 0.
typedef struct ct_decode_linear {
    const ct_tensor *weight; // [O, I]
    const ct_tensor *bias;   // [O] or null
    const ct_linear_adapter *adapters;
    int64_t adapter_count;
} ct_decode_linear;

/// One layer of a decoder. A norm that the layer lacks is null.
typedef struct ct_decode_layer {
    ct_decode_linear query_key_value, attention_output, gate_up, down;
    const ct_tensor *attention_norm, *query_norm, *key_norm, *attention_output_norm;
    const ct_tensor *feed_forward_norm, *feed_forward_output_norm;
    /// 0 for none.
    int64_t window;
    /// Which of the two pairs of angles turns queries and keys.
    int64_t angles;
} ct_decode_layer;

/// What weights are multiplied in.
typedef enum ct_decode_precision {
    /// The weights' own type.
    CT_DECODE_EXACT = 0,
    /// Eight bits, weights and activations, in groups of 128 along the inner axis; adapters in the weights'
    /// type.
    CT_DECODE_INT8 = 1,
} ct_decode_precision;

/// What the layers have in common.
typedef struct ct_decode_shape {
    int64_t heads, key_heads, head_width;
    double norm_epsilon, norm_offset;
    double scale, soft_cap;
    ct_activation activation;
    ct_decode_precision precision;
} ct_decode_shape;

/// Where a step leaves what the products of a layer give, and what attention gives: tensors [R, O], last axis
/// dense. Rows of `gate_up` may lie apart; those of the others are dense. The first two are null where they are not kept.
typedef struct ct_decode_kept {
    ct_tensor *query_key_value, *attention_output, *gate_up, *down;
    /// [R, H · D], and the logarithms of the sums of powers [R, H] f32; both are null where they are not kept.
    ct_tensor *attended, *log_sums;
} ct_decode_kept;

/// What one step sees of the cache, and its angles [N, R/2] f32.
typedef struct ct_decode_step {
    /// One of each layer, as `ct_cached_attention` takes them; changed.
    ct_tensor *const *key_pools, *const *value_pools;
    /// Each of one row.
    const ct_cache_span *spans;
    int64_t span_count;
    const int32_t *tables;
    const ct_tensor *cosines[2], *sines[2];
    /// One of each layer, of whose tensors the rows from `first_kept_row` on are written; null to keep nothing.
    const ct_decode_kept *kept;
    int64_t first_kept_row;
} ct_decode_step;

CT_BEGIN
/// Whether `ct_decode_layers` serves weights of this type on this processor: where products are ours
/// (`CT_PRODUCTS_OURS`).
bool ct_has_decode_layers(ct_dtype type);
/// Whether it serves them in eight bits (AVX-512 VNNI), after a first small product agreed with plain loops.
bool ct_has_int8_products(ct_dtype type);
/// x · weightᵀ in eight bits, [N, I] · [O, I]ᵀ → [N, O] in the type of `x`. No gradient. The weight's codes are
/// kept with its handle and made again when its values have changed.
ct_tensor *ct_int8_linear(const ct_tensor *x, const ct_tensor *weight);
/// The same in plain loops, f32: what the product above must give before it is rounded.
ct_tensor *ct_plain_int8_linear(const ct_tensor *x, const ct_tensor *weight);

/// All layers and the last norm for one new token of each sequence: [N, C] → [N, C].
///
/// Every number is rounded where the single operations round it (`ct_scaled_norm`, `ct_adapted_linear`,
/// `ct_rotate`, `ct_cached_attention`, `ct_gate`), and every sum runs in the same order: the result is
/// theirs to the bit, unless `precision` asks for less. No gradient. Nothing is allocated but one set of
/// buffers for all layers.
ct_tensor *ct_decode_layers(
    const ct_tensor *stream, const ct_decode_layer *layers, int64_t layer_count,
    const ct_tensor *last_norm, const ct_decode_shape *shape, const ct_decode_step *step);

/// Whether both have the same bits; where not, a warning says that `what` is switched off.
bool ct_confirm(const ct_tensor *plain, const ct_tensor *fast, const char *what);
CT_END
