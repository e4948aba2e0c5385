#pragma once
#include "ctorch_decoder.h"

/// Where rows lie that an earlier pass over the same tokens left in memory.
typedef struct ct_row_places ct_row_places;

/// Rows of a layer's result that an earlier pass left.
typedef struct ct_known_rows {
    /// Each [R, O] with the R of `places`, last axis dense, of the layer's type, on the host.
    const ct_tensor *const *blocks;
    int64_t block_count;
    const ct_row_places *places;
} ct_known_rows;

/// A layer whose own weights take no gradient, and its adapters, perhaps none.
typedef struct ct_adapted_layer {
    const ct_tensor *weight; // [O, I]
    const ct_tensor *bias;   // [O] or null
    const ct_linear_adapter *adapters;
    int64_t adapter_count;
} ct_adapted_layer;

CT_BEGIN
/// Row i is row `places[i]` of blocks of `block_rows` rows laid end to end, or unknown where that is negative.
/// Serves the results of all layers; `ct_row_places_free` gives it back. Null where it cannot be made.
ct_row_places *ct_row_places_make(const int32_t *places, int64_t count, int64_t block_rows);
void ct_row_places_free(ct_row_places *places);
/// x · weightᵀ + bias, [N, I] → [N, O], with the gradients of `ct_linear`; only unknown rows are computed.
ct_tensor *ct_known_linear(
    const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias, const ct_known_rows *known);
/// `ct_adapted_linear` where rows of the result are known, what the adapters add included. The adapters have
/// no dropout.
ct_tensor *ct_known_adapted_linear(
    const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias,
    const ct_linear_adapter *adapters, int64_t count, const ct_known_rows *known);
/// `ct_gated_layer` where rows of its first product [N, 2 I] and of its result [N, C] are known, the same
/// ones of both.
ct_tensor *ct_known_gated_layer(
    const ct_tensor *x, const ct_tensor *gate_up, const ct_tensor *down, ct_activation activation,
    const ct_known_rows *joined, const ct_known_rows *result);
/// `ct_packed_attention` of queries, keys and values that lie side by side and have not been turned: `joined`
/// [N, (H + 2 K) · D], angles as for `ct_rotate` → [N, H · D]. D is even. Spans own every row, and every past is
/// what a span without a past owns. Where rows of the result are known, and of each the logarithms of its heads' sums of
/// powers [N, H] f32, a span of which all are known is not computed; NaN says that a row is unknown after
/// all. Both are null where nothing is known.
ct_tensor *ct_packed_self_attention(
    const ct_tensor *joined, const ct_tensor *cosine, const ct_tensor *sine,
    const ct_attention_span *spans, int64_t span_count, int64_t heads, int64_t key_heads,
    double scale, int64_t window, double soft_cap, const ct_known_rows *results,
    const ct_known_rows *log_sums);
/// down(activation(first half) · second half) of gate_up(x), [N, C] → [N, C], in f32 or bf16 on the host: the
/// values of separate steps. The backward pass computes the gate again. Where rows of the first product
/// [N, 2 I] and of the result [N, C] are known, the same ones of both, those of `joined` are read where
/// they lie until the backward pass has been; both are null where nothing is known.
ct_tensor *ct_adapted_feed_forward(
    const ct_tensor *x, const ct_adapted_layer *gate_up, const ct_adapted_layer *down,
    ct_activation activation, const ct_known_rows *joined, const ct_known_rows *result);
CT_END
