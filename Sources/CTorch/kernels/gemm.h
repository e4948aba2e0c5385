#pragma once
#include "../include/ctorch_device.h"

#include <ATen/ATen.h>

// Matrix products for CPUs on which libtorch's own are slow: with AVX-512, bf16 dot products and no
// AMX (AMD Zen 4 and later), both in bf16 and in f32. Every element of a result is one sum in the
// order of the inner axis, so it does not depend on how many rows there are, nor on threads.
namespace ct {

/// Ours where this processor has the instructions and gains from them, else why it has not or does not.
ct_product_backend gemm_backend();
inline bool gemm_fits_processor() { return gemm_backend() == CT_PRODUCTS_OURS; }

/// Whether products of operands of `type` are to be computed with them: on such a processor, after a
/// first product in each type agreed with plain loops. Where it did not, a warning says so, and
/// libtorch computes them.
bool gemm_supports(at::ScalarType type);

/// Whether `tensor` can be a left or a transposed right operand: a matrix on the host of a supported
/// type, its rows contiguous, and of even length in bf16, where numbers are taken in pairs.
bool gemm_accepts(const at::Tensor &tensor);

/// Whether a product is written, or added to what is there; in bf16 the sum is rounded once.
enum class Accumulate { no, yes };

/// out[M, N] = a[M, K] · b[N, K]ᵀ + bias[N]. `a` and `b` have one type, f32 or bf16; `out` may be f32
/// or that type; `bias` is null or f32, and null where the product is added.
void gemm_nt(
    const at::Tensor &a, const at::Tensor &b, const float *bias, at::Tensor &out,
    Accumulate accumulate = Accumulate::no);

/// out[M, N] = a[M, K] · b[K, N]. Types as for `gemm_nt`.
void gemm_nn(
    const at::Tensor &a, const at::Tensor &b, at::Tensor &out, Accumulate accumulate = Accumulate::no);

/// out[M, N] = a[K, M]ᵀ · b[K, N], rows of both contiguous; any K. Types as for `gemm_nt`.
void gemm_tn(
    const at::Tensor &a, const at::Tensor &b, at::Tensor &out, Accumulate accumulate = Accumulate::no);

/// Numbers of the caller's in rows whose starts are `stride` apart.
struct Matrix {
    const void *data;
    int64_t rows, columns, stride;
};

/// What is multiplied, both f32 or both bf16.
struct Operands {
    Matrix a, b;
    at::ScalarType type;
};

/// Where a product goes.
struct Result {
    void *data;
    int64_t stride;
    at::ScalarType type;
};

// The same products of plain memory, for kernels that make many small ones inside a task of their own.
void gemm_nt(
    const Operands &x, const float *bias, const Result &out, Accumulate accumulate = Accumulate::no);
void gemm_nn(const Operands &x, const Result &out, Accumulate accumulate = Accumulate::no);
void gemm_tn(const Operands &x, const Result &out, Accumulate accumulate = Accumulate::no);

} // namespace ct
