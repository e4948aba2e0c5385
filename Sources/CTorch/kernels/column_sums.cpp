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

at::Tensor column_sums(const at::Tensor &matrix) {
    constexpr int64_t chunk = 128;
    const int64_t rows = matrix.size(0), columns = matrix.size(1);
    at::Tensor sums = at::zeros({columns}, matrix.options().dtype(at::kFloat));
    float *out = sums.data_ptr<float>();
    const bool is_bf16 = matrix.scalar_type() == at::kBFloat16;
    const void *data = matrix.const_data_ptr();
    for_each_range(columns, chunk, [&](int64_t begin, int64_t end) {
        if (is_bf16) {
            add_columns_bf16(
                static_cast<const uint16_t *>(data) + begin, columns, rows, end - begin, out + begin);
        } else {
            add_columns_f32(
                static_cast<const float *>(data) + begin, columns, rows, end - begin, out + begin);
        }
    });
    return sums.to(matrix.scalar_type());
}

} // namespace ct
