#ifndef CTORCH_SELECTED_ROWS_H
#define CTORCH_SELECTED_ROWS_H

#include <ATen/ATen.h>

namespace ct {

/// Whether `selected_rows` reads a matrix like this: on the host, with dense rows.
bool has_dense_rows(const at::Tensor &x);

/// The rows of `x` [N, C] at `indices` [M] int64, on all threads, without a gradient.
at::Tensor selected_rows(const at::Tensor &x, const at::Tensor &indices);

} // namespace ct
#endif
