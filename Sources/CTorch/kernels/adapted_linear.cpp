#include "../guard.h"
#include "adapter_group.h"
#include "joined_adapters.h"
#include "known_rows.h"
#include "linear.h"

#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <vector>

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// The products of `x` [N, I] with the first matrices of its adapters, [N, R]; undefined without adapters.
at::Tensor inner_product(const ct::AdapterGroup &group, const at::Tensor &x) {
    return group.members.empty() ? at::Tensor() : group.inner(x);
}

/// The result for inputs [N, I] whose inner products are `inner`.
at::Tensor adapted_product(
    const ct::AdapterGroup &group, const at::Tensor &x, const at::Tensor &weight,
    const std::optional<at::Tensor> &bias, const at::Tensor &inner) {
    at::Tensor out = ct::linear(x, weight, bias);
    if (inner.defined()) ct::add_low_rank(out, inner, group.all_up(weight.size(0)));
    return out;
}

/// Of that the rows that are not known, [U, O]; undefined where every one is.
at::Tensor unknown_product(
    const ct::KnownRows &known, const ct::AdapterGroup &group, const at::Tensor &x,
    const at::Tensor &weight, const std::optional<at::Tensor> &bias, const at::Tensor &inner) {
    if (!known.has_unknown()) return {};
    return adapted_product(
        group, x.index_select(0, known.unknown()), weight, bias,
        inner.defined() ? inner.index_select(0, known.unknown()) : at::Tensor());
}

/// The gradients with respect to the inputs, where they are wanted, and to each adapter's two matrices.
struct AdaptedGradients {
    at::Tensor to_x;
    variable_list to_matrices;

    /// Of a product of `x` with adapters whose inner products were `inner`, and whose result has the
    /// gradient `pulled`.
    AdaptedGradients(
        const ct::AdapterGroup &group, const at::Tensor &x, const at::Tensor &weight,
        const at::Tensor &inner, const at::Tensor &pulled, bool needs_input) {
        if (needs_input) to_x = ct::product(pulled, weight);
        if (group.members.empty()) return;
        const at::Tensor to_inner = ct::product(pulled, group.all_up(weight.size(0)));
        const bool has_dropout = group.has_dropout();
        if (needs_input && !has_dropout) {
            ct::add_low_rank(to_x, to_inner, group.all_down().t().contiguous());
        }
        at::Tensor to_down;
        if (!has_dropout) to_down = ct::transposed_product(to_inner, x).to(at::kFloat);
        int64_t column = 0;
        for (const ct::Adapter &member : group.members) {
            const int64_t rank = member.down.size(0);
            const at::Tensor slope = to_inner.narrow(1, column, rank);
            if (has_dropout) {
                to_matrices.push_back(
                    ct::transposed_product(slope, member.input(x)).to(at::kFloat));
                if (needs_input) {
                    const at::Tensor part = ct::product(slope, member.down);
                    to_x.add_(
                        member.dropout > 0 ? ct::dropped(part, member.dropout, member.seed) : part);
                }
            } else {
                to_matrices.push_back(to_down.narrow(0, column, rank));
            }
            // The few rows of the inner products are transposed here, and not the many columns of
            // the gradient; the result is small.
            to_matrices.push_back(
                ct::transposed_product(
                    inner.narrow(1, column, rank),
                    pulled.narrow(1, member.first_row, member.rows))
                    .t()
                    .to(at::kFloat, false, false, at::MemoryFormat::Contiguous)
                    .mul_(member.scale));
            column += rank;
        }
    }
};

struct AdaptedLinearFunction : torch::autograd::Function<AdaptedLinearFunction> {
    static at::Tensor forward(
        AutogradContext *context, const at::Tensor &x, const at::Tensor &weight,
        const std::optional<at::Tensor> &bias, const at::Tensor &settings,
        at::TensorList matrices, const ct::KnownRows *known) {
        const ct::AdapterGroup group(matrices.vec(), settings, x.scalar_type());
        // The gradients of the second matrices need it of every row.
        const at::Tensor inner = inner_product(group, x);
        variable_list saved{x, weight, settings, inner};
        saved.insert(saved.end(), matrices.begin(), matrices.end());
        context->save_for_backward(std::move(saved));
        return known ? known->completed(unknown_product(*known, group, x, weight, bias, inner))
                     : adapted_product(group, x, weight, bias, inner);
    }

    static variable_list backward(AutogradContext *context, variable_list incoming) {
        const auto saved = context->get_saved_variables();
        const at::Tensor &x = saved[0];
        const ct::AdapterGroup group({saved.begin() + 4, saved.end()}, saved[2], x.scalar_type());
        const AdaptedGradients gradients(
            group, x, saved[1], saved[3], incoming[0].contiguous(), context->needs_input_grad(0));
        variable_list results(4);
        results[0] = gradients.to_x;
        results.insert(
            results.end(), gradients.to_matrices.begin(), gradients.to_matrices.end());
        results.emplace_back();
        return results;
    }
};

} // namespace

static void check_adapted_linear(const at::Tensor &in, const at::Tensor &weight, int64_t count) {
    TORCH_CHECK(
        in.dim() == 2 && weight.dim() == 2 && in.size(1) == weight.size(1) && count > 0,
        "an adapted layer of ", weight.sizes(), " got ", in.sizes());
    TORCH_CHECK(!weight.requires_grad(), "a layer with an adapter does not train its own weights");
}

ct_tensor *ct_adapted_linear(
    const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias,
    const ct_linear_adapter *adapters, int64_t count) {
    return ct::make([&] {
        const at::Tensor &in = x->value, &w = weight->value;
        check_adapted_linear(in, w, count);
        const ct::AdapterArguments arguments(adapters, count, w.size(1), w.size(0));
        if (!c10::GradMode::is_enabled() && !arguments.has_dropout) {
            const ct::JoinedMatrices joined = ct::joined_adapters(
                adapters[0].down, arguments, w.size(0), in.scalar_type());
            at::Tensor out = ct::linear(in, w, ct::optional(bias));
            ct::add_low_rank(out, ct::product_transposed(in, joined.down), joined.up);
            return out;
        }
        return AdaptedLinearFunction::apply(
            in, w, ct::optional(bias), arguments.settings,
            at::TensorList(arguments.matrices), static_cast<const ct::KnownRows *>(nullptr));
    });
}

ct_tensor *ct_known_adapted_linear(
    const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias,
    const ct_linear_adapter *adapters, int64_t count, const ct_known_rows *known) {
    return ct::make([&] {
        const at::Tensor &in = x->value, &w = weight->value;
        check_adapted_linear(in, w, count);
        const ct::AdapterArguments arguments(adapters, count, w.size(1), w.size(0));
        TORCH_CHECK(!arguments.has_dropout, "rows are known of a layer whose adapters have dropout");
        const ct::KnownRows rows(*known, in, w.size(0));
        return AdaptedLinearFunction::apply(
            in, w, ct::optional(bias), arguments.settings, at::TensorList(arguments.matrices),
            &rows);
    });
}

#include "adapted_feed_forward.cpp"
