#include "../guard.h"
#include "adapter_group.h"
#include "joined_adapters.h"
#include "linear.h"

#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <vector>

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct AdaptedLinearFunction : torch::autograd::Function<AdaptedLinearFunction> {
    static at::Tensor forward(
        AutogradContext *context, const at::Tensor &x, const at::Tensor &weight,
        const std::optional<at::Tensor> &bias, const at::Tensor &settings,
        at::TensorList matrices) {
        const ct::AdapterGroup group(matrices.vec(), settings, x.scalar_type());
        at::Tensor out = ct::linear(x, weight, bias);
        const at::Tensor inner = group.inner(x);
        ct::add_low_rank(out, inner, group.all_up(weight.size(0)));
        variable_list saved{x, weight, settings, inner};
        saved.insert(saved.end(), matrices.begin(), matrices.end());
        context->save_for_backward(saved);
        return out;
    }

    static variable_list backward(AutogradContext *context, variable_list incoming) {
        const auto saved = context->get_saved_variables();
        const at::Tensor &x = saved[0], &weight = saved[1], &settings = saved[2];
        const at::Tensor &inner = saved[3];
        const std::vector<at::Tensor> matrices(saved.begin() + 4, saved.end());
        const ct::AdapterGroup group(matrices, settings, x.scalar_type());
        const at::Tensor pulled = incoming[0].contiguous();
        const at::Tensor to_inner = ct::product(pulled, group.all_up(weight.size(0)));
        const bool needs_input = context->needs_input_grad(0);
        variable_list result(4 + matrices.size());

        at::Tensor to_x;
        if (needs_input) to_x = ct::product(pulled, weight);
        const bool has_dropout = group.has_dropout();
        if (needs_input && !has_dropout) {
            ct::add_low_rank(to_x, to_inner, group.all_down().t().contiguous());
        }
        at::Tensor to_down;
        if (!has_dropout) to_down = ct::transposed_product(to_inner, x).to(at::kFloat);
        int64_t column = 0;
        for (size_t i = 0; i < group.members.size(); ++i) {
            const ct::Adapter &member = group.members[i];
            const int64_t rank = member.down.size(0);
            const at::Tensor slope = to_inner.narrow(1, column, rank);
            if (has_dropout) {
                result[4 + 2 * i] =
                    ct::transposed_product(slope, member.input(x)).to(at::kFloat);
                if (needs_input) {
                    const at::Tensor part = ct::product(slope, member.down);
                    to_x.add_(
                        member.dropout > 0 ? ct::dropped(part, member.dropout, member.seed) : part);
                }
            } else {
                result[4 + 2 * i] = to_down.narrow(0, column, rank);
            }
            // The few rows of the inner products are transposed here, and not the many columns of
            // the gradient; the result is small.
            result[5 + 2 * i] =
                ct::transposed_product(
                    inner.narrow(1, column, rank),
                    pulled.narrow(1, member.first_row, member.rows))
                    .t()
                    .to(at::kFloat, false, false, at::MemoryFormat::Contiguous)
                    .mul_(member.scale);
            column += rank;
        }
        result[0] = to_x;
        return result;
    }
};

} // namespace

ct_tensor *ct_adapted_linear(
    const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias,
    const ct_linear_adapter *adapters, int64_t count) {
    return ct::make([&] {
        const at::Tensor &in = x->value, &w = weight->value;
        TORCH_CHECK(
            in.dim() == 2 && w.dim() == 2 && in.size(1) == w.size(1) && count > 0,
            "an adapted layer of ", w.sizes(), " got ", in.sizes());
        TORCH_CHECK(!w.requires_grad(), "a layer with an adapter does not train its own weights");
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
            at::TensorList(arguments.matrices));
    });
}
