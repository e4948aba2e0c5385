// A part of gated_product.cpp, so that libtorch's headers are compiled once for both.
#include "gate.h"
#include "linear.h"

#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// down(activation(gate) · up) of dense layers without biases. The backward pass keeps the rows before and
/// after the gate.
struct GatedLayer : torch::autograd::Function<GatedLayer> {
    static at::Tensor forward(
        AutogradContext *context, const at::Tensor &x, const at::Tensor &gate_up,
        const at::Tensor &down, int64_t activation) {
        at::Tensor joined = at::empty({x.size(0), gate_up.size(0)}, x.options());
        const at::Tensor gated =
            ct::gated_product(x, gate_up, static_cast<ct_activation>(activation), joined);
        context->save_for_backward(
            {gate_up.requires_grad() ? x : at::Tensor(), gate_up, down, joined,
             down.requires_grad() ? gated : at::Tensor()});
        context->saved_data["activation"] = activation;
        return ct::product_transposed(gated, down);
    }

    static variable_list backward(AutogradContext *context, variable_list incoming) {
        const auto saved = context->get_saved_variables();
        const at::Tensor &x = saved[0], &gate_up = saved[1], &down = saved[2];
        const auto activation =
            static_cast<ct_activation>(context->saved_data["activation"].toInt());
        const at::Tensor pulled = incoming[0].contiguous();
        variable_list results(4);
        if (context->needs_input_grad(2)) {
            results[2] = ct::weight_gradient(pulled, saved[4], down);
        }
        if (!context->needs_input_grad(0) && !context->needs_input_grad(1)) return results;
        const at::Tensor to_joined =
            ct::gate_gradient(saved[3], ct::product(pulled, down), activation);
        if (context->needs_input_grad(0)) results[0] = ct::product(to_joined, gate_up);
        if (context->needs_input_grad(1)) results[1] = ct::weight_gradient(to_joined, x, gate_up);
        return results;
    }
};

} // namespace

bool ct_has_gated_layer(const ct_tensor *gate_up, const ct_tensor *down) {
    bool has = false;
    ct::perform([&] { has = ct::gates_products(gate_up->value, down->value); });
    return has;
}

ct_tensor *ct_gated_layer(
    const ct_tensor *x, const ct_tensor *gate_up, const ct_tensor *down,
    ct_activation activation) {
    return ct::make([&] {
        const at::Tensor &in = x->value, &wide = gate_up->value, &narrow = down->value;
        TORCH_CHECK(
            ct::gates_products(wide, narrow) && in.dim() == 2 && in.size(1) == wide.size(1)
                && in.scalar_type() == wide.scalar_type() && in.is_cpu(),
            "a gated layer of ", wide.sizes(), " and ", narrow.sizes(), " got ", in.scalar_type(),
            in.sizes());
        const at::Tensor rows = in.contiguous();
        const bool records = c10::GradMode::is_enabled()
            && (in.requires_grad() || wide.requires_grad() || narrow.requires_grad());
        if (records) {
            return GatedLayer::apply(rows, wide, narrow, static_cast<int64_t>(activation));
        }
        at::Tensor none;
        return ct::product_transposed(ct::gated_product(rows, wide, activation, none), narrow);
    });
}
