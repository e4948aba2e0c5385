#pragma once
#include <ATen/ATen.h>

namespace ct {

class KnownRows;

/// x[.., I] · weight[O, I]ᵀ + bias[O] with gradients: by the products of `gemm.h` where they take
/// the operands, else by libtorch's.
at::Tensor linear(
    const at::Tensor &x, const at::Tensor &weight, const std::optional<at::Tensor> &bias);

/// The same for x[N, I], with only those rows computed that are not known.
at::Tensor linear(
    const at::Tensor &x, const at::Tensor &weight, const std::optional<at::Tensor> &bias,
    const KnownRows &known);

/// out[M, N] = left[M, K] · right[N, K]ᵀ, `out` in f32.
void product_transposed(at::Tensor &out, const at::Tensor &left, const at::Tensor &right);

/// sum[M, N] += left[M, K] · right[K, N], `sum` in f32.
void add_product(at::Tensor &sum, const at::Tensor &left, const at::Tensor &right);

/// left[M, K] · right[K, N] in the operands' type.
at::Tensor product(const at::Tensor &left, const at::Tensor &right);

/// left[M, K] · right[N, K]ᵀ in the operands' type.
at::Tensor product_transposed(const at::Tensor &left, const at::Tensor &right);

/// sum[M, N] += inner[M, R] · up[N, R]ᵀ, all of one type, rounded once.
void add_low_rank(at::Tensor &sum, const at::Tensor &inner, const at::Tensor &up);

/// While one lives, `weight_gradient` may add to gradients in place. For `backward` only: who asks for
/// gradients by name must find those of leaves as they were.
struct AddingToGradients {
    static thread_local bool is_on;
    const bool before = is_on;

    AddingToGradients() { is_on = true; }
    ~AddingToGradients() { is_on = before; }
    AddingToGradients(const AddingToGradients &) = delete;
    AddingToGradients &operator=(const AddingToGradients &) = delete;
};

/// The gradient left[K, M]ᵀ · right[K, N] of `weight`; undefined where it has been added to the one that
/// `weight` has from earlier passes, which rounds once and not twice.
at::Tensor weight_gradient(
    const at::Tensor &left, const at::Tensor &right, const at::Tensor &weight);

/// left[K, M]ᵀ · right[K, N] in the operands' type.
at::Tensor transposed_product(const at::Tensor &left, const at::Tensor &right);

} // namespace ct
