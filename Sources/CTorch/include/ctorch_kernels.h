#pragma once
#include "ctorch_types.h"

CT_BEGIN
/// Log-probabilities of `targets` under softmax(cap(hidden · weightᵀ) / temperature), and the
/// entropy of that distribution, without holding [N, V] logits.
///
/// `hidden` [N, C], `weight` [V, C], `targets` [N] int64; `soft_cap` 0 for none. At most
/// `block_bytes` are used for logits at one time (but a block has at least 256 of the V columns), four times as
/// many where all logits then fit and a backward pass would have to compute them again.
/// A gradient flows through the entropy only with `entropy_has_gradient`.
bool ct_linear_log_probabilities(
    const ct_tensor *hidden, const ct_tensor *weight, const ct_tensor *targets, double temperature,
    double soft_cap, int64_t block_bytes, bool entropy_has_gradient,
    ct_tensor **log_probabilities, ct_tensor **entropy);
CT_END
