#pragma once
#include "../include/ctorch_decoder.h"

#include <ATen/ATen.h>

// A product that bends and multiplies while the sums are in registers, so that the widest rows of a
// decoder are not read again. For processors that `gemm.h` serves.
namespace ct {

/// Whether `gate_up` [2 I, C] and `down` [C, I] can be the weights of a layer whose first product is the one below: in f32 or bf16 as
/// `gemm_supports` says, rows dense, I a multiple of 16; after the first small case of a process agreed
/// with separate steps.
bool gates_products(const at::Tensor &gate_up, const at::Tensor &down);

/// joined = x · gate_upᵀ, [N, 2 I]; returns activation(first half) · second half, [N, I]. `joined` may be
/// undefined. Rounded where separate steps round: the result is the same to the bit.
at::Tensor gated_product(
    const at::Tensor &x, const at::Tensor &gate_up, ct_activation activation, at::Tensor &joined);

} // namespace ct
