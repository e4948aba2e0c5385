#include "../guard.h"
#include "instruction_set.h"
#include "parallel.h"

#include <algorithm>
#include <limits>
#include <vector>

#define CT_VARIANT "decode_attention.inc"
#include "variants.inc"

namespace {

struct Arguments {
    at::Tensor query, key, value, out, key_pool, value_pool;
    const ct_cache_span *spans;
    int64_t span_count;
    const int32_t *tables;
    double scale;
    int64_t window;
    double soft_cap;
};

template <class Attention, class T>
Attention problem(const Arguments &x) {
    return Attention{
        .query = static_cast<const T *>(x.query.const_data_ptr()),
        .key = static_cast<const T *>(x.key.const_data_ptr()),
        .value = static_cast<const T *>(x.value.const_data_ptr()),
        .out = static_cast<T *>(x.out.mutable_data_ptr()),
        .log_sums = nullptr,
        .key_pool = static_cast<T *>(x.key_pool.mutable_data_ptr()),
        .value_pool = static_cast<T *>(x.value_pool.mutable_data_ptr()),
        .query_strides = {x.query.stride(0), x.query.stride(1)},
        .key_strides = {x.key.stride(0), x.key.stride(1)},
        .value_strides = {x.value.stride(0), x.value.stride(1)},
        .query_heads = x.query.size(1),
        .heads = x.key.size(1),
        .width = x.key.size(2),
        .padded_width = x.value_pool.size(3),
        .tables = x.tables,
        .scale = static_cast<float>(x.scale),
        .window = x.window,
        .soft_cap = static_cast<float>(x.soft_cap),
    };
}

void check(const Arguments &x) {
    const auto dtype = x.query.scalar_type();
    TORCH_CHECK(
        (dtype == at::kFloat || dtype == at::kBFloat16) && x.query.is_cpu(),
        "cached attention takes f32 or bf16 on the CPU, not ", dtype, " on ", x.query.device());
    for (const auto *other : {&x.key, &x.value, &x.key_pool, &x.value_pool}) {
        TORCH_CHECK(
            other->scalar_type() == dtype && other->is_cpu(),
            "cached attention got ", other->scalar_type(), " beside queries in ", dtype);
    }
    TORCH_CHECK(
        x.query.dim() == 3 && x.key.dim() == 3 && x.value.sizes() == x.key.sizes()
            && x.query.size(0) == x.key.size(0) && x.query.size(2) == x.key.size(2)
            && x.query.size(1) % x.key.size(1) == 0,
        "cached attention got query ", x.query.sizes(), ", key ", x.key.sizes(), ", value ",
        x.value.sizes());
    const int64_t block = CT_CACHE_BLOCK;
    const int64_t heads = x.key.size(1), width = x.key.size(2);
    const int64_t padded = (width + 15) / 16 * 16;
    TORCH_CHECK(
        dtype == at::kFloat || width % 2 == 0,
        "cached attention in bf16 takes heads of even width, not ", width);
    TORCH_CHECK(
        x.key_pool.is_contiguous() && x.value_pool.is_contiguous()
            && x.key_pool.sizes() == at::IntArrayRef({x.key_pool.size(0), heads, width, block})
            && x.value_pool.sizes() == at::IntArrayRef({x.key_pool.size(0), heads, block, padded}),
        "cached attention got pools ", x.key_pool.sizes(), " and ", x.value_pool.sizes(),
        " for keys ", x.key.sizes());
    const int64_t blocks = x.key_pool.size(0);
    for (int64_t i = 0; i < x.span_count; ++i) {
        const auto &span = x.spans[i];
        const int64_t end = span.first_position + span.rows;
        TORCH_CHECK(
            span.first_row >= 0 && span.rows > 0 && span.first_row + span.rows <= x.query.size(0)
                && span.first_position >= 0 && span.shared_length >= 0,
            "span ", i, " lies outside the batch of ", x.query.size(0), " rows");
        const auto check_table = [&](int64_t table, int64_t tokens) {
            for (int64_t k = 0; k < (tokens + block - 1) / block; ++k) {
                const int64_t number = x.tables[table + k];
                TORCH_CHECK(
                    number >= 0 && number < blocks, "span ", i, " names block ", number, " of ",
                    blocks);
            }
        };
        check_table(span.shared_table, std::min(span.shared_length, end));
        check_table(span.own_table, end - span.shared_length);
    }
}

void run(const Arguments &x) {
    CT_DISPATCH(
        x.query, cached_attention(problem<Attention<T>, T>(x), x.spans, x.span_count);)
}

at::Tensor with_dense_rows(const at::Tensor &tensor) {
    return tensor.stride(-1) == 1 ? tensor : tensor.contiguous();
}

} // namespace

ct_tensor *ct_cached_attention(
    const ct_tensor *query, const ct_tensor *key, const ct_tensor *value, ct_tensor *key_pool,
    ct_tensor *value_pool, const ct_cache_span *spans, int64_t span_count, const int32_t *tables,
    double scale, int64_t window, double soft_cap
) {
    return ct::make([&] {
        Arguments x{
            with_dense_rows(query->value), with_dense_rows(key->value),
            with_dense_rows(value->value), at::Tensor(), key_pool->value, value_pool->value, spans,
            span_count, tables, scale, window, soft_cap};
        check(x);
        x.out = at::empty(x.query.sizes(), x.query.options());
        run(x);
        return x.out;
    });
}
