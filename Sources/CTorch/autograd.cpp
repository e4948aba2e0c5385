#include "guard.h"
#include "kernels/linear.h"

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/grad_mode.h>

bool ct_requires_grad(const ct_tensor *tensor) { return tensor->value.requires_grad(); }

bool ct_set_requires_grad(ct_tensor *tensor, bool value) {
    return ct::perform([&] { tensor->value.set_requires_grad(value); });
}

ct_tensor *ct_grad(const ct_tensor *tensor) {
    const auto &gradient = tensor->value.grad();
    if (!gradient.defined()) return nullptr;
    return ct::make([&] { return gradient; });
}

bool ct_set_grad(ct_tensor *tensor, const ct_tensor *gradient) {
    return ct::perform(
        [&] { tensor->value.mutable_grad() = gradient ? gradient->value : at::Tensor(); });
}

ct_tensor *ct_detach(const ct_tensor *tensor) {
    return ct::make([&] { return tensor->value.detach(); });
}

bool ct_backward(
    ct_tensor *const *outputs, ct_tensor *const *seeds, int64_t count, bool retain_graph) {
    return ct::perform([&] {
        const ct::AddingToGradients adding;
        torch::autograd::backward(
            ct::list(outputs, count), ct::list(seeds, count), retain_graph,
            /*create_graph=*/false);
    });
}

bool ct_gradients(
    ct_tensor *const *outputs, ct_tensor *const *seeds, int64_t count, ct_tensor *const *inputs,
    int64_t input_count, bool retain_graph, ct_tensor **gradients) {
    return ct::perform([&] {
        TORCH_INTERNAL_ASSERT(!ct::AddingToGradients::is_on);
        auto results = torch::autograd::grad(
            ct::list(outputs, count), ct::list(inputs, input_count), ct::list(seeds, count),
            retain_graph, /*create_graph=*/false, /*allow_unused=*/true);
        for (int64_t i = 0; i < input_count; ++i) {
            gradients[i] =
                results[i].defined() ? new ct_tensor(std::move(results[i])) : nullptr;
        }
    });
}

bool ct_exchange_grad_mode(bool enabled) {
    const bool before = c10::GradMode::is_enabled();
    c10::GradMode::set_enabled(enabled);
    return before;
}

bool ct_grad_mode(void) { return c10::GradMode::is_enabled(); }
