#include "gated_product.h"

#include "../guard.h"
#include "gemm_panels.h"

#include <c10/core/GradMode.h>

#ifdef CT_GEMM
CT_GEMM_BEGIN
#define CT_HAS_AVX512_LANES 1
namespace ct::gated {
#include "vector.inc"
#include "lanes.inc"
#include "activations.inc"
} // namespace ct::gated
#undef CT_HAS_AVX512_LANES
CT_GEMM_END
#endif

namespace ct {

#ifndef CT_GEMM

bool gates_products(const at::Tensor &, const at::Tensor &) { return false; }
at::Tensor gated_product(
    const at::Tensor &, const at::Tensor &, ct_activation, at::Tensor &) {
    TORCH_CHECK(false, "this processor has no gated product");
}
#else

namespace {

CT_GEMM_BEGIN

/// Whether what the gate is computed from is written too.
enum class Joined { dropped, kept };

/// Takes 16 columns of the gate and the same of what it multiplies.
template <class Bend, class Out, Joined keeping>
struct Gating {
    /// What is computed between its stores leaves them time.
    static constexpr bool only_stores = false;

    Out *joined;
    Out *product;
    int64_t width;

    template <class Columns>
    void operator()(
        int64_t row, int64_t column, const __m512 (&sum)[2], const Columns &) const {
        if constexpr (keeping == Joined::kept) {
            Out *to = joined + row * 2 * width + column;
            write(to, sum[0]);
            write(to + width, sum[1]);
        }
        gated::f32x16 value, slope;
        Bend::template apply<Out>((gated::f32x16)rounded<Out>(sum[0]), value, slope);
        write(
            product + row * width + column,
            _mm512_mul_ps((__m512)value, rounded<Out>(sum[1])));
    }
};

CT_GEMM_END

Matrix matrix(const at::Tensor &x) {
    return {x.const_data_ptr(), x.size(0), x.size(1), x.stride(0)};
}

/// Calls `body(operand type, element, activation)`.
template <class Body>
void with_types(at::ScalarType type, ct_activation activation, const Body &body) {
    const auto chosen = [&](auto operand, auto element) {
        if (activation == CT_SILU) {
            body(operand, element, gated::Silu{});
        } else {
            body(operand, element, gated::GeluTanh{});
        }
    };
    if (type == at::kFloat) {
        chosen(F32{}, float{});
    } else {
        chosen(BF16{}, uint16_t{});
    }
}

/// A small product of each type against separate steps of libtorch.
bool agrees_with_separate_steps() {
    const auto waves = [](int64_t rows, int64_t columns, double step) {
        return at::arange(rows * columns, at::kFloat).mul_(step).sin_().view({rows, columns});
    };
    for (const auto type : {at::kFloat, at::kBFloat16}) {
        const double tolerance = type == at::kFloat ? 1e-4 : 0.03;
        const at::Tensor x = waves(29, 18, 0.3).to(type), gate_up = waves(96, 18, 0.17).to(type);
        const auto is_near = [&](const at::Tensor &a, const at::Tensor &b) {
            return at::allclose(a.to(at::kFloat), b, tolerance, tolerance);
        };
        at::Tensor joined = at::empty({29, 96}, x.options());
        const at::Tensor gated = gated_product(x, gate_up, CT_SILU, joined);
        const at::Tensor exact =
            at::matmul(x.to(at::kFloat), gate_up.to(at::kFloat).t()).to(type).to(at::kFloat);
        const at::Tensor gate = exact.narrow(1, 0, 48), up = exact.narrow(1, 48, 48);
        const at::Tensor share = at::sigmoid(gate);
        if (!is_near(joined, exact) || !is_near(gated, gate * share * up)) return false;
    }
    return true;
}

} // namespace

bool gates_products(const at::Tensor &gate_up, const at::Tensor &down) {
    const bool fits = gemm_accepts(gate_up) && down.is_cpu() && down.dim() == 2
        && down.scalar_type() == gate_up.scalar_type() && down.stride(1) == 1
        && down.size(1) * 2 == gate_up.size(0) && down.size(0) == gate_up.size(1)
        && down.size(1) % 16 == 0 && gemm_accepts(down);
    if (!fits) return false;
    static const bool is_right = [] {
        const c10::NoGradGuard guard;
        if (agrees_with_separate_steps()) return true;
        TORCH_WARN("gated products of our own differ from separate steps; those are used");
        return false;
    }();
    return is_right;
}

at::Tensor gated_product(
    const at::Tensor &x, const at::Tensor &gate_up, ct_activation activation, at::Tensor &joined) {
    const int64_t width = gate_up.size(0) / 2;
    at::Tensor gated = at::empty({x.size(0), width}, x.options());
    if (x.size(0) == 0) return gated;
    with_types(x.scalar_type(), activation, [&](auto type, auto element, auto bend) {
        using Out = decltype(element);
        using Bend = decltype(bend);
        auto *const product = static_cast<Out *>(gated.data_ptr());
        const auto multiply = [&](const auto &sink) {
            multiply_panels<decltype(type), Right::joined>(matrix(x), matrix(gate_up), sink);
        };
        if (joined.defined()) {
            auto *const kept = static_cast<Out *>(joined.data_ptr());
            multiply(Gating<Bend, Out, Joined::kept>{kept, product, width});
        } else {
            multiply(Gating<Bend, Out, Joined::dropped>{nullptr, product, width});
        }
    });
    return gated;
}

#endif

} // namespace ct

#include "gated_layer.cpp"
