#pragma once
#include <ATen/ATen.h>

namespace ct {

/// Whether `selected_rows` takes these: a matrix on the host, rows dense, and int64 numbers beside it; where
/// there is to be a gradient, in f32 or bf16.
bool selects_rows(const at::Tensor &x, const at::Tensor &indices);

/// The rows of `x` [N, C] at `indices` [M], in any order and as often as they stand there, with gradient: [M, C].
/// The gradient of a row is one sum over its places in f32.
at::Tensor selected_rows(const at::Tensor &x, const at::Tensor &indices);

/// The same without gradient.
at::Tensor copied_rows(const at::Tensor &x, const at::Tensor &indices);

} // namespace ct
