#pragma once
#include "ctorch_types.h"

CT_BEGIN
/// One sequence among packed rows: its own rows attend causally to themselves and to all of its past.
typedef struct ct_attention_span {
    int64_t past_start, past_length, own_start, own_length;
} ct_attention_span;

/// softmax(cap(scale · query · keyᵀ)) · value of packed rows: query [N, H, D], key and value
/// [N, K, D] in f32 or bf16 on the CPU → [N, H, D]. Rows that are no span's own give 0.
///
/// `window` 0 and `soft_cap` 0 stand for none. Spans are worked through in the given order; those with
/// equal pasts and similar lengths should stand together. Gradients flow to all three; the weights are
/// computed again in the backward pass.
ct_tensor *ct_packed_attention(
    const ct_tensor *query, const ct_tensor *key, const ct_tensor *value,
    const ct_attention_span *spans, int64_t span_count, double scale, int64_t window,
    double soft_cap);

/// Whether `ct_packed_self_attention` serves tensors of this type on this processor: where products are
/// ours (`CT_PRODUCTS_OURS`), after a first small case agreed with libtorch's operators.
bool ct_has_packed_self_attention(ct_dtype type);

/// x / √(mean(x²) + epsilon) · (weight + offset) over the last axis, in f32 and rounded once.
ct_tensor *ct_scaled_norm(const ct_tensor *x, const ct_tensor *weight, double epsilon, double offset);
/// x + delta and the norm of it, in one pass over the rows each way.
bool ct_added_norm(
    const ct_tensor *x, const ct_tensor *delta, const ct_tensor *weight, double epsilon,
    double offset, ct_tensor **sum, ct_tensor **normed);

/// Turns channels (i, i + R/2) of each head of `x` [N, H, D] by angles whose cosines and sines are
/// [N, R/2]; channels from R on pass.
ct_tensor *ct_rotate(const ct_tensor *x, const ct_tensor *cosine, const ct_tensor *sine);

typedef enum ct_activation { CT_SILU = 0, CT_GELU_TANH = 1 } ct_activation;
/// activation(first half) · second half of `joined` [N, 2 · I].
ct_tensor *ct_gate(const ct_tensor *joined, ct_activation activation);

/// Whether `ct_gated_layer` serves these weights on this processor: where products are ours
/// (`CT_PRODUCTS_OURS`), after a first small case agreed with separate steps.
bool ct_has_gated_layer(const ct_tensor *gate_up, const ct_tensor *down);
/// down(activation(first half) · second half) of x · gate_upᵀ: [N, C], [2 I, C], [C, I] → [N, C].
ct_tensor *ct_gated_layer(
    const ct_tensor *x, const ct_tensor *gate_up, const ct_tensor *down, ct_activation activation);

/// A share `p` of the elements zeroed, the others divided by 1 - p; decided by a hash of the seed and the
/// element's index. No gradient.
ct_tensor *ct_dropout(const ct_tensor *x, double p, uint64_t seed);

/// scale · up · down · dropout(x), added to the rows of a layer's result from `first_row` on.
typedef struct ct_linear_adapter {
    const ct_tensor *down; // [r, I]
    const ct_tensor *up;   // [rows, r]
    int64_t first_row;
    double scale;
    double dropout;
    uint64_t seed;
} ct_linear_adapter;
/// x · weightᵀ + bias with adapters. `weight` takes no gradient; `bias` may be null.
ct_tensor *ct_adapted_linear(
    const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias,
    const ct_linear_adapter *adapters, int64_t count);
CT_END
