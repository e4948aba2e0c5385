// A part of adapted_linear.cpp, whose products these are.
#include "gate.h"

#include <ATen/core/ivalue.h>

namespace {

/// What a gated block of two layers with adapters needs in both passes besides tensors with gradients.
struct AdaptedBlock : torch::CustomClassHolder {
    ct_activation activation;
    ct::AdapterArguments gate_up, down;
    /// Of the first product [N, 2 I] and of the result [N, C]; the former are read where they lie.
    std::optional<ct::KnownRows> joined, result;

    AdaptedBlock(ct_activation activation, ct::AdapterArguments gate_up, ct::AdapterArguments down)
        : activation(activation), gate_up(std::move(gate_up)), down(std::move(down)) {}

    /// activation(first half) · second half of the known rows and the `computed` ones.
    at::Tensor gate(const at::Tensor &computed, const at::TensorOptions &options) const {
        return joined ? ct::gate_known(*joined, computed, options, activation)
                      : ct::gate(computed, activation);
    }

    at::Tensor gate_gradient(const at::Tensor &computed, const at::Tensor &incoming) const {
        return joined ? ct::gate_known_gradient(*joined, computed, incoming, activation)
                      : ct::gate_gradient(computed, incoming, activation);
    }
};

/// down(activation(gate) · up) of layers with adapters. For the backward pass are kept the rows before
/// the gate, as far as they are not known, and both inner products; the gate is computed again there.
struct AdaptedFeedForward : torch::autograd::Function<AdaptedFeedForward> {
    static at::Tensor forward(
        AutogradContext *context, const at::Tensor &x, const at::Tensor &gate_up,
        const std::optional<at::Tensor> &gate_up_bias, const at::Tensor &down,
        const std::optional<at::Tensor> &down_bias, at::TensorList matrices,
        const c10::intrusive_ptr<AdaptedBlock> &block) {
        const ct::AdapterGroup first = group(block->gate_up, x), second = group(block->down, x);
        const at::Tensor inner = inner_product(first, x);
        const at::Tensor joined = block->joined
            ? unknown_product(*block->joined, first, x, gate_up, gate_up_bias, inner)
            : adapted_product(first, x, gate_up, gate_up_bias, inner);
        const at::Tensor gated = block->gate(joined, x.options());
        const at::Tensor last_inner = inner_product(second, gated);
        // The matrices are saved although the block has them: a change before the backward pass is found.
        variable_list saved{x, gate_up, down, joined, inner, last_inner};
        saved.insert(saved.end(), matrices.begin(), matrices.end());
        context->save_for_backward(std::move(saved));
        context->saved_data["block"] = c10::IValue::make_capsule(block);
        return block->result
            ? block->result->completed(unknown_product(
                  *block->result, second, gated, down, down_bias, last_inner))
            : adapted_product(second, gated, down, down_bias, last_inner);
    }

    static variable_list backward(AutogradContext *context, variable_list incoming) {
        const auto saved = context->get_saved_variables();
        const at::Tensor &x = saved[0], &joined = saved[3];
        const auto block = c10::static_intrusive_pointer_cast<AdaptedBlock>(
            context->saved_data["block"].toCapsule());
        const AdaptedGradients last(
            group(block->down, x), block->gate(joined, x.options()), saved[2], saved[5],
            incoming[0].contiguous(), true);
        const AdaptedGradients first(
            group(block->gate_up, x), x, saved[1], saved[4],
            block->gate_gradient(joined, last.to_x), context->needs_input_grad(0));
        variable_list results(5);
        results[0] = first.to_x;
        for (const AdaptedGradients *each : {&first, &last}) {
            results.insert(results.end(), each->to_matrices.begin(), each->to_matrices.end());
        }
        results.emplace_back();
        return results;
    }

private:
    static ct::AdapterGroup group(const ct::AdapterArguments &adapters, const at::Tensor &like) {
        return {adapters.matrices, adapters.settings, like.scalar_type()};
    }
};

ct::AdapterArguments arguments(const ct_adapted_layer &layer, const at::Tensor &like) {
    const at::Tensor &weight = layer.weight->value;
    TORCH_CHECK(
        weight.dim() == 2 && weight.scalar_type() == like.scalar_type()
            && !weight.requires_grad(),
        "a layer of a gated block has ", weight.scalar_type(), weight.sizes(),
        weight.requires_grad() ? ", which is trained itself" : "");
    return {layer.adapters, layer.adapter_count, weight.size(1), weight.size(0)};
}

} // namespace

ct_tensor *ct_adapted_feed_forward(
    const ct_tensor *x, const ct_adapted_layer *gate_up, const ct_adapted_layer *down,
    ct_activation activation, const ct_known_rows *joined, const ct_known_rows *result) {
    return ct::make([&] {
        const at::Tensor &in = x->value;
        const at::Tensor &wide = gate_up->weight->value, &narrow = down->weight->value;
        const auto block = c10::make_intrusive<AdaptedBlock>(
            activation, arguments(*gate_up, in), arguments(*down, in));
        TORCH_CHECK(
            in.is_cpu() && (in.scalar_type() == at::kFloat || in.scalar_type() == at::kBFloat16)
                && in.dim() == 2 && in.size(1) == wide.size(1)
                && wide.size(0) == 2 * narrow.size(1),
            "a gated block of ", wide.sizes(), " and ", narrow.sizes(), " got ",
            in.scalar_type(), in.sizes());
        std::vector<at::Tensor> matrices = block->gate_up.matrices;
        matrices.insert(
            matrices.end(), block->down.matrices.begin(), block->down.matrices.end());
        if (joined != nullptr && result != nullptr) {
            TORCH_CHECK(
                !block->gate_up.has_dropout && !block->down.has_dropout,
                "rows are known of layers whose adapters have dropout");
            block->joined.emplace(*joined, in, wide.size(0));
            block->result.emplace(*result, in, narrow.size(0));
            TORCH_CHECK(
                block->joined->knows_rows_of(*block->result),
                "other rows of a gated block's first product are known than of its result");
        }
        return AdaptedFeedForward::apply(
            in, wide, ct::optional(gate_up->bias), narrow, ct::optional(down->bias),
            at::TensorList(matrices), block);
    });
}
