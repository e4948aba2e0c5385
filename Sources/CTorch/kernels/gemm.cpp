#include "elements.h"
#include "gemm_panels.h"
#include "gemm_rows.h"
#include "gemm_transposed.h"

#include <ATen/OpMathType.h>
#include <ATen/Parallel.h>

#include <cstdlib>
#include <cstring>
#include <type_traits>

namespace ct {

bool gemm_accepts(const at::Tensor &tensor) {
    const bool is_paired = tensor.scalar_type() == at::kBFloat16;
    return tensor.dim() == 2 && tensor.is_cpu() && tensor.stride(1) == 1
        && tensor.stride(0) >= tensor.size(1) && gemm_supports(tensor.scalar_type())
        && (!is_paired || (tensor.size(1) % 2 == 0 && tensor.stride(0) % 2 == 0));
}

#ifndef CT_GEMM

ct_product_backend gemm_backend() { return CT_PRODUCTS_WITHOUT_BF16; }
bool gemm_supports(at::ScalarType) { return false; }
void gemm_nt(
    const at::Tensor &, const at::Tensor &, const float *, at::Tensor &, Accumulate) {
    TORCH_CHECK(false, "this processor has no matrix product of ours");
}
void gemm_nn(const at::Tensor &, const at::Tensor &, at::Tensor &, Accumulate) {
    TORCH_CHECK(false, "this processor has no matrix product of ours");
}

void gemm_tn(const at::Tensor &, const at::Tensor &, at::Tensor &, Accumulate) {
    TORCH_CHECK(false, "this processor has no matrix product of ours");
}
void gemm_nt(const Operands &, const float *, const Result &, Accumulate) { std::abort(); }
void gemm_nn(const Operands &, const Result &, Accumulate) { std::abort(); }
void gemm_tn(const Operands &, const Result &, Accumulate) { std::abort(); }

#else

namespace {

bool has_amx() {
    unsigned a = 7, b = 0, c = 0, d = 0;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return (d >> 22) & 1;
}

ct_product_backend backend_for_processor() {
    __builtin_cpu_init();
    const bool has_instructions = __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
        && __builtin_cpu_supports("avx512bf16");
    if (!has_instructions) return CT_PRODUCTS_WITHOUT_BF16;
    if (process_instruction_set() != CT_AVX512_BF16) return CT_PRODUCTS_FORBIDDEN;
    if (has_amx()) return CT_PRODUCTS_BY_AMX;
    return __builtin_cpu_is("amd") ? CT_PRODUCTS_OURS : CT_PRODUCTS_NOT_AMD;
}

CT_GEMM_BEGIN

template <class Type, class Out>
void multiply_nt(
    const Matrix &a, const Matrix &b, const float *bias, const Result &out,
    Accumulate accumulate) {
    const int64_t rows = a.rows, columns = b.rows;
    const int64_t words = a.columns / Type::per_word;
    const int64_t blocks = (rows + block_rows - 1) / block_rows;
    const auto padded = [](int64_t count) { return (count + lanes - 1) / lanes * lanes; };
    // Blocks lie one after another; all are full but the last.
    const Room room(padded(rows) * words);
    uint32_t *const packed = room.words;
    const auto *words_a = static_cast<const uint32_t *>(a.data);
    const auto *words_b = static_cast<const uint32_t *>(b.data);
    const int64_t stride_a = a.stride / Type::per_word, stride_b = b.stride / Type::per_word;
    const auto pack = [&](int64_t block) {
        const int64_t start = block * block_rows;
        const int64_t count = std::min(block_rows, rows - start);
        pack_rows(
            words_a + start * stride_a, stride_a, count, words, padded(count), padded(count),
            packed + start * words);
    };
    if (rows * words < 16384) {
        for (int64_t block = 0; block < blocks; ++block) pack(block);
    } else {
        for_each_task(blocks, pack);
    }
    // Chunks small enough that no thread waits long for the last, large enough to be worth a turn. Each
    // thread takes neighbours: a tile asks for the weights of the next one.
    const bool is_small = columns * words * std::min(rows, block_rows) < (1 << 20);
    const bool is_long = words > 1024 && rows > lanes;
    const int64_t chunk = is_small ? columns : is_long ? group / 2 : group;
    const int64_t chunks = (columns + chunk - 1) / chunk;
    auto *results = static_cast<Out *>(out.data);
    for_each_in_order(blocks * chunks, [&](int64_t task) {
        const int64_t start = task / chunks * block_rows;
        const int64_t begin = task % chunks * chunk;
        const ProductNT<Out> product{
            packed + start * words,
            std::min(block_rows, rows - start),
            words_b,
            stride_b,
            words,
            columns,
            bias,
            results + start * out.stride,
            out.stride,
            accumulate};
        product.template run<Type>(begin, std::min(begin + chunk, columns));
    });
}

template <class Type, class Out>
void multiply(
    const Matrix &a, const Matrix &b, const float *bias, const Result &out,
    Accumulate accumulate) {
    // Packing the right operand pays once its panels are used for enough rows.
    if (a.rows <= block_rows) {
        multiply_nt<Type, Out>(a, b, bias, out, accumulate);
    } else {
        with_writing<Out>(out, bias, accumulate, [&](const auto &sink) {
            multiply_panels<Type, Right::transposed>(a, b, sink);
        });
    }
}

CT_GEMM_END

/// left · right of `[M, K]` and `[K, N]` in plain loops, as a product of `type` gives it. Elements are small
/// whole numbers, whose sums f32 holds exactly in any order; bf16 rounds each once.
at::Tensor loop_product(const at::Tensor &left, const at::Tensor &right, at::ScalarType type) {
    const at::Tensor a = left.to(at::kFloat).contiguous(), b = right.to(at::kFloat).contiguous();
    const int64_t rows = a.size(0), inner = a.size(1), columns = b.size(1);
    at::Tensor product = at::zeros({rows, columns}, at::kFloat);
    const float *x = ct::elements<float>(a), *y = ct::elements<float>(b);
    auto *sums = product.data_ptr<float>();
    for (int64_t i = 0; i < rows; ++i) {
        float *__restrict row = sums + i * columns;
        for (int64_t k = 0; k < inner; ++k) {
            const float factor = x[i * inner + k];
            const float *__restrict other = y + k * columns;
            for (int64_t j = 0; j < columns; ++j) row[j] += factor * other[j];
        }
    }
    return product.to(type);
}

/// [rows, columns] of -1, 0 and 1 in no order that returns: a slip by a row, a word or a block shows.
at::Tensor whole_numbers(int64_t rows, int64_t columns, at::ScalarType type) {
    at::Tensor made = at::empty({rows, columns}, at::kFloat);
    auto *values = made.data_ptr<float>();
    uint32_t state = static_cast<uint32_t>(rows * 31 + columns);
    for (int64_t i = 0; i < made.numel(); ++i) {
        state = state * 1664525u + 1013904223u;
        values[i] = static_cast<float>(static_cast<int>((state >> 16) % 3) - 1);
    }
    return made.to(type);
}

struct Shape {
    int64_t rows, inner, columns;
};

/// Whether a[M, K] · b[K, N] comes out right, with the right operand as it is and transposed.
bool product_is_right(const Shape &shape, at::ScalarType type) {
    const at::Tensor a = whole_numbers(shape.rows, shape.inner, type);
    const at::Tensor b = whole_numbers(shape.inner, shape.columns, type);
    const at::Tensor expected = loop_product(a, b, type);
    at::Tensor out = at::empty({shape.rows, shape.columns}, a.options());
    gemm_nn(a, b, out);
    if (!at::equal(out, expected)) return false;
    gemm_nt(a, b.t().contiguous(), nullptr, out.zero_());
    return at::equal(out, expected);
}

/// Whether a[K, M]ᵀ · b[K, N] comes out right.
bool transposed_product_is_right(const Shape &shape, at::ScalarType type) {
    const at::Tensor a = whole_numbers(shape.inner, shape.rows, type);
    const at::Tensor b = whole_numbers(shape.inner, shape.columns, type);
    at::Tensor out = at::empty({shape.rows, shape.columns}, a.options());
    gemm_tn(a, b, out);
    return at::equal(out, loop_product(a.t(), b, type));
}

/// A product of each kind by each way through the loops, with rows, columns and a length that fill no tile: 43
/// million multiplications, and 27 million in plain loops to compare with, about 20 ms of a processor.
bool agree_with_loops() {
    for (const auto type : {at::kBFloat16, at::kFloat}) {
        const int64_t per_word = type == at::kFloat ? 1 : 2;
        const Shape products[] = {
            // Few rows, and enough for panels.
            {5, 38, 51},
            {67, 38, 51},
            // An inner axis longer than a panel's part, rows in two blocks, and columns in two groups.
            {67, per_word * (panel_words + 13), 35},
            {5, per_word * (panel_words + 13), group_words / panel_words + 3},
        };
        for (const Shape &shape : products) {
            if (!product_is_right(shape, type)) return false;
        }
        const Shape transposed[] = {
            {38, 5, 51},
            {38, 67, 51},
            // The inner axis in two parts, whose sums are kept between them, and two blocks of one slab.
            {55, per_word * longest_part + 27, 35},
            // Several slabs in a block, whatever the number of threads, and as many blocks as threads.
            {slab_width * (thread_count() + 1) + 7, 6, 35},
        };
        for (const Shape &shape : transposed) {
            if (!transposed_product_is_right(shape, type)) return false;
        }
    }
    return true;
}

} // namespace

ct_product_backend gemm_backend() {
    static const ct_product_backend backend = backend_for_processor();
    return backend;
}

bool gemm_supports(at::ScalarType type) {
    if (!gemm_fits_processor()) return false;
    static const bool is_right = [] {
        if (agree_with_loops()) return true;
        TORCH_WARN("this processor's bf16 or f32 products are wrong; libtorch computes them instead");
        at::set_num_threads(thread_count());
        return false;
    }();
    return is_right && (type == at::kBFloat16 || type == at::kFloat);
}

namespace {

/// Calls `body(operand type, element type of the result)`.
template <class Body>
void with_types(at::ScalarType operands, at::ScalarType result, const Body &body) {
    if (operands == at::kFloat) {
        body(F32{}, float{});
    } else if (result == at::kFloat) {
        body(BF16{}, float{});
    } else {
        body(BF16{}, uint16_t{});
    }
}

Operands operands(const at::Tensor &a, const at::Tensor &b) {
    const auto matrix = [](const at::Tensor &x) {
        return Matrix{x.const_data_ptr(), x.size(0), x.size(1), x.stride(0)};
    };
    return {matrix(a), matrix(b), a.scalar_type()};
}

Result result(at::Tensor &out) { return {out.data_ptr(), out.stride(0), out.scalar_type()}; }

} // namespace

void gemm_nt(
    const Operands &x, const float *bias, const Result &out, Accumulate accumulate) {
    if (x.a.rows == 0 || x.b.rows == 0) return;
    with_types(x.type, out.type, [&](auto type, auto element) {
        multiply<decltype(type), decltype(element)>(x.a, x.b, bias, out, accumulate);
    });
}

void gemm_nn(const Operands &x, const Result &out, Accumulate accumulate) {
    if (x.a.rows == 0 || x.b.columns == 0) return;
    with_types(x.type, out.type, [&](auto type, auto element) {
        with_writing<decltype(element)>(out, nullptr, accumulate, [&](const auto &sink) {
            multiply_panels<decltype(type), Right::plain>(x.a, x.b, sink);
        });
    });
}

void gemm_tn(const Operands &x, const Result &out, Accumulate accumulate) {
    if (x.a.columns == 0 || x.b.columns == 0) return;
    with_types(x.type, out.type, [&](auto type, auto element) {
        with_writing<decltype(element)>(out, nullptr, accumulate, [&](const auto &sink) {
            multiply_transposed<decltype(type)>(x.a, x.b, sink);
        });
    });
}

void gemm_nt(
    const at::Tensor &a, const at::Tensor &b, const float *bias, at::Tensor &out,
    Accumulate accumulate) {
    TORCH_INTERNAL_ASSERT(a.size(1) == b.size(1) && out.size(0) == a.size(0));
    gemm_nt(operands(a, b), bias, result(out), accumulate);
}

void gemm_nn(const at::Tensor &a, const at::Tensor &b, at::Tensor &out, Accumulate accumulate) {
    TORCH_INTERNAL_ASSERT(a.size(1) == b.size(0) && out.size(1) == b.size(1));
    gemm_nn(operands(a, b), result(out), accumulate);
}

void gemm_tn(const at::Tensor &a, const at::Tensor &b, at::Tensor &out, Accumulate accumulate) {
    TORCH_INTERNAL_ASSERT(a.size(0) == b.size(0) && out.size(1) == b.size(1));
    gemm_tn(operands(a, b), result(out), accumulate);
}

#endif

} // namespace ct
