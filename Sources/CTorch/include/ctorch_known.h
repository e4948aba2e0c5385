#pragma once
#include "ctorch_decoder.h"

/// Rows of a layer's result that an earlier pass over the same tokens left in memory. Row i is row
/// `places[i]` of the blocks laid end to end, or unknown where that is negative.
typedef struct ct_known_rows {
    /// Each [block_rows, O], last axis dense, of the layer's type, on the host.
    const ct_tensor *const *blocks;
    int64_t block_count, block_rows;
    const int32_t *places;
    int64_t count;
} ct_known_rows;

CT_BEGIN
/// x · weightᵀ + bias, [N, I] → [N, O], with the gradients of `ct_linear`; only unknown rows are computed.
ct_tensor *ct_known_linear(
    const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias, const ct_known_rows *known);
/// `ct_gated_layer` where rows of its first product [N, 2 I] and of its result [N, C] are known, the same
/// ones of both.
ct_tensor *ct_known_gated_layer(
    const ct_tensor *x, const ct_tensor *gate_up, const ct_tensor *down, ct_activation activation,
    const ct_known_rows *joined, const ct_known_rows *result);
CT_END
