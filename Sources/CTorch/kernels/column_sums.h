#pragma once
#include <ATen/ATen.h>

namespace ct {

/// The sums of the columns of a dense matrix [N, C] of f32 or bf16, as one of these types: [C]. Each is one
/// sum in the order of the rows, in f32.
at::Tensor column_sums(const at::Tensor &matrix, at::ScalarType type);

} // namespace ct
