#pragma once
#include "../include/ctorch_decoder.h"

#include <ATen/ATen.h>

// Products of a gated layer that bend and multiply while the sums are in registers, so that the widest
// rows of a decoder are not read again. For processors that `gemm.h` serves.
namespace ct {

/// Whether `gate_up` [2 I, C] and `down` [C, I] can be operands of the products below: in f32 or bf16 as
/// `gemm_supports` says, rows dense, I a multiple of 16; after the first small case of a process agreed
/// with separate steps.
bool gates_products(const at::Tensor &gate_up, const at::Tensor &down);

/// joined = x · gate_upᵀ, [N, 2 I]; returns activation(first half) · second half, [N, I]. `joined` may be
/// undefined. Rounded where separate steps round: the result is the same to the bit.
at::Tensor gated_product(
    const at::Tensor &x, const at::Tensor &gate_up, ct_activation activation, at::Tensor &joined);

/// The gradient with respect to `joined` where that of `gated_product`'s result is incoming · down,
/// [N, C] · [C, I].
at::Tensor gated_product_gradient(
    const at::Tensor &incoming, const at::Tensor &down, ct_activation activation,
    const at::Tensor &joined);

} // namespace ct
