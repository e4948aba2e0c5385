#include "guard.h"

#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Owns what the caller's function needs until neither pass can call it any more.
struct Recomputation {
    ct_recomputation functions;

    explicit Recomputation(const ct_recomputation &functions) : functions(functions) {}
    ~Recomputation() { functions.release(functions.context); }
    Recomputation(const Recomputation &) = delete;
    Recomputation &operator=(const Recomputation &) = delete;

    at::Tensor operator()(const at::Tensor &input) const {
        ct_tensor handle(input);
        const std::unique_ptr<ct_tensor> result(functions.forward(functions.context, &handle));
        TORCH_CHECK(result, "a recomputed block failed: ", ct_error_message());
        return result->value;
    }
};

struct RecomputedFunction : torch::autograd::Function<RecomputedFunction> {
    static at::Tensor forward(
        AutogradContext *context, const at::Tensor &input, const at::Tensor &,
        const std::shared_ptr<Recomputation> &body) {
        // Functions run without recording gradients, so what the body makes on its way is freed.
        context->save_for_backward({input});
        context->saved_data["body"] = 
            c10::IValue::make_capsule(c10::make_intrusive<Holder>(body));
        return (*body)(input);
    }

    static variable_list backward(AutogradContext *context, variable_list incoming) {
        const at::Tensor saved = context->get_saved_variables()[0];
        const auto holder = context->saved_data["body"].toCapsule();
        const auto &body = static_cast<Holder *>(holder.get())->body;
        const c10::AutoGradMode recording(true);
        at::Tensor input = saved.detach();
        input.set_requires_grad(context->needs_input_grad(0));
        const at::Tensor output = (*body)(input);
        if (output.requires_grad()) torch::autograd::backward({output}, {incoming[0]});
        return {input.grad(), at::Tensor(), at::Tensor()};
    }

    struct Holder : torch::CustomClassHolder {
        std::shared_ptr<Recomputation> body;
        explicit Holder(std::shared_ptr<Recomputation> body) : body(std::move(body)) {}
    };
};

} // namespace

ct_tensor *ct_recomputed(const ct_tensor *input, const ct_recomputation *functions) {
    return ct::make([&] {
        const auto body = std::make_shared<Recomputation>(*functions);
        if (!c10::GradMode::is_enabled()) return (*body)(input->value);
        // Leaves inside the body may need gradients where the input does not.
        const at::Tensor anchor = at::empty({0}, input->value.options()).set_requires_grad(true);
        return RecomputedFunction::apply(input->value, anchor, body);
    });
}
