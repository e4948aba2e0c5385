#pragma once
#include "../include/ctorch_quantization.h"

#include <ATen/ATen.h>

namespace ct {

/// A matrix in NF4 (see `ct_nf4_matrix`), its parts held.
struct NF4Matrix {
    at::Tensor codes, scale_codes, outer_scales;
    float mean;
    int64_t rows, columns;

    explicit NF4Matrix(const ct_nf4_matrix &matrix);
    NF4Matrix(const at::Tensor &codes, const at::Tensor &scale_codes, const at::Tensor &outer_scales,
              double mean, int64_t rows, int64_t columns)
        : codes(codes), scale_codes(scale_codes), outer_scales(outer_scales),
          mean(static_cast<float>(mean)), rows(rows), columns(columns) {}

    /// Writes rows [first, first + count) to `out` [count, columns], f32 or bf16.
    void read(int64_t first, int64_t count, at::Tensor &out) const;
    at::Tensor dense(int64_t first, int64_t count, at::ScalarType type) const;
    at::Tensor dense(at::ScalarType type) const { return dense(0, rows, type); }
    at::Tensor select(const at::Tensor &indices, at::ScalarType type) const;

    /// Scales [first, last) of the blocks.
    at::Tensor scales(int64_t first, int64_t last) const;
};

} // namespace ct
