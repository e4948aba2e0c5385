#pragma once
#include "../include/ctorch_decoder.h"

#include <ATen/ATen.h>

namespace ct {

/// The gradient with respect to `joined` [N, 2 I] where activation(first half) · second half has the
/// gradient `incoming` [N, I]; f32 or bf16 on the host, last axes dense.
at::Tensor gate_gradient(
    const at::Tensor &joined, const at::Tensor &incoming, ct_activation activation);

} // namespace ct
