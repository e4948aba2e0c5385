#include "column_sums.h"

#include "parallel.h"
#include "simd.h"

namespace {

template <class T>
CT_INLINE void add_columns(const T *values, int64_t stride, int64_t rows, int64_t width, float *sums) {
    for (int64_t row = 0; row < rows; ++row) {
        for (int64_t i = 0; i < width; ++i) sums[i] += ct::load(values + row * stride + i);
    }
}

CT_DISPATCHED void add_columns_f32(
    const float *values, int64_t stride, int64_t rows, int64_t width, float *__restrict sums) {
    add_columns(values, stride, rows, width, sums);
}
CT_DISPATCHED void add_columns_bf16(
    const uint16_t *values, int64_t stride, int64_t rows, int64_t width, float *__restrict sums) {
    add_columns(values, stride, rows, width, sums);
}

} // namespace

namespace ct {

at::Tensor column_sums(const at::Tensor &matrix, at::ScalarType type) {
    TORCH_INTERNAL_ASSERT(type == at::kFloat || type == at::kBFloat16);
    constexpr int64_t chunk = 128;
    const int64_t rows = matrix.size(0), columns = matrix.size(1);
    at::Tensor result = at::empty({columns}, matrix.options().dtype(type));
    void *const out = result.mutable_data_ptr();
    const bool is_bf16 = matrix.scalar_type() == at::kBFloat16;
    const void *data = matrix.const_data_ptr();
    for_each_range(columns, chunk, [&](int64_t begin, int64_t end) {
        float sums[chunk] = {};
        if (is_bf16) {
            add_columns_bf16(
                static_cast<const uint16_t *>(data) + begin, columns, rows, end - begin, sums);
        } else {
            add_columns_f32(
                static_cast<const float *>(data) + begin, columns, rows, end - begin, sums);
        }
        for (int64_t i = begin; i < end; ++i) {
            if (type == at::kFloat) {
                static_cast<float *>(out)[i] = sums[i - begin];
            } else {
                static_cast<uint16_t *>(out)[i] = narrow(sums[i - begin]);
            }
        }
    });
    return result;
}

} // namespace ct
