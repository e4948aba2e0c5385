// A part of gated_product.cpp, so that libtorch's headers are compiled once for both.
#include "gate.h"
#include "known_rows.h"
#include "linear.h"

#include <ATen/core/ivalue.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// What is known of a gated layer's rows: its first product and its result. The backward pass reads the
/// former where they lie.
struct KnownGate : torch::CustomClassHolder {
    ct::KnownRows joined, result;

    KnownGate(ct::KnownRows joined, ct::KnownRows result)
        : joined(std::move(joined)), result(std::move(result)) {}
};

/// down(activation(gate) · up) of dense layers without biases. The backward pass keeps the rows before the gate, and
/// those after it unless rows are known: these are made again together with the gate's gradient.
struct GatedLayer : torch::autograd::Function<GatedLayer> {
    static at::Tensor forward(
        AutogradContext *context, const at::Tensor &x, const at::Tensor &gate_up,
        const at::Tensor &down, int64_t activation,
        const c10::intrusive_ptr<KnownGate> &known) {
        const auto bend = static_cast<ct_activation>(activation);
        // Of all rows, or of the unknown ones.
        at::Tensor joined, gated, result;
        if (!known) {
            joined = at::empty({x.size(0), gate_up.size(0)}, x.options());
            gated = ct::gated_product(x, gate_up, bend, joined);
            result = ct::product_transposed(gated, down);
        } else {
            at::Tensor rest;
            if (known->joined.has_unknown()) {
                const at::Tensor few = x.index_select(0, known->joined.unknown());
                joined = at::empty({few.size(0), gate_up.size(0)}, x.options());
                rest = ct::product_transposed(ct::gated_product(few, gate_up, bend, joined), down);
            }
            result = known->result.completed(rest);
            context->saved_data["known"] = c10::IValue::make_capsule(known);
        }
        context->save_for_backward(
            {gate_up.requires_grad() ? x : at::Tensor(), gate_up, down, joined,
             down.requires_grad() ? gated : at::Tensor()});
        context->saved_data["activation"] = activation;
        return result;
    }

    static variable_list backward(AutogradContext *context, variable_list incoming) {
        const auto saved = context->get_saved_variables();
        const at::Tensor &x = saved[0], &gate_up = saved[1], &down = saved[2], &joined = saved[3];
        const auto activation =
            static_cast<ct_activation>(context->saved_data["activation"].toInt());
        const at::Tensor pulled = incoming[0].contiguous();
        const at::Tensor to_gated = ct::product(pulled, down);
        at::Tensor gated = saved[4], to_joined;
        const auto known = context->saved_data.find("known");
        if (known == context->saved_data.end()) {
            to_joined = ct::gate_gradient(joined, to_gated, activation);
        } else {
            const auto gate =
                c10::static_intrusive_pointer_cast<KnownGate>(known->second.toCapsule());
            to_joined = ct::gate_known_gradient(
                gate->joined, joined, to_gated, activation,
                context->needs_input_grad(2) ? &gated : nullptr);
        }
        variable_list results(5);
        if (context->needs_input_grad(2)) results[2] = ct::weight_gradient(pulled, gated, down);
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

static void check_gated_layer(
    const at::Tensor &in, const at::Tensor &wide, const at::Tensor &narrow) {
    TORCH_CHECK(
        ct::gates_products(wide, narrow) && in.dim() == 2 && in.size(1) == wide.size(1)
            && in.scalar_type() == wide.scalar_type() && in.is_cpu(),
        "a gated layer of ", wide.sizes(), " and ", narrow.sizes(), " got ", in.scalar_type(),
        in.sizes());
}

ct_tensor *ct_gated_layer(
    const ct_tensor *x, const ct_tensor *gate_up, const ct_tensor *down,
    ct_activation activation) {
    return ct::make([&] {
        const at::Tensor &in = x->value, &wide = gate_up->value, &narrow = down->value;
        check_gated_layer(in, wide, narrow);
        const at::Tensor rows = in.contiguous();
        const bool records = c10::GradMode::is_enabled()
            && (in.requires_grad() || wide.requires_grad() || narrow.requires_grad());
        if (records) {
            return GatedLayer::apply(
                rows, wide, narrow, static_cast<int64_t>(activation),
                c10::intrusive_ptr<KnownGate>());
        }
        at::Tensor none;
        return ct::product_transposed(ct::gated_product(rows, wide, activation, none), narrow);
    });
}

ct_tensor *ct_known_gated_layer(
    const ct_tensor *x, const ct_tensor *gate_up, const ct_tensor *down, ct_activation activation,
    const ct_known_rows *joined, const ct_known_rows *result) {
    return ct::make([&] {
        const at::Tensor &in = x->value, &wide = gate_up->value, &narrow = down->value;
        check_gated_layer(in, wide, narrow);
        const at::Tensor rows = in.contiguous();
        const auto known = c10::make_intrusive<KnownGate>(
            ct::KnownRows(*joined, rows, wide.size(0)),
            ct::KnownRows(*result, rows, narrow.size(0)));
        TORCH_CHECK(
            known->joined.knows_rows_of(known->result),
            "other rows of a gated layer's first product are known than of its result");
        return GatedLayer::apply(
            rows, wide, narrow, static_cast<int64_t>(activation), known);
    });
}
