#include "../guard.h"
#include "linear.h"
#include "nf4.h"
#include "softmax_rows.h"

#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

namespace {

using ct::LogitScale;
using ct::RunningSoftmax;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// The head's matrix [V, C], dense or in four bits.
struct HeadWeight {
    at::Tensor dense;
    std::optional<ct::NF4Matrix> coded;

    int64_t size(int64_t axis) const {
        if (!coded) return dense.size(axis);
        return axis == 0 ? coded->rows : coded->columns;
    }
    bool requires_grad() const { return !coded && dense.requires_grad(); }

    at::Tensor narrow(int64_t start, int64_t count, at::ScalarType type) const {
        return coded ? coded->dense(start, count, type) : dense.narrow(0, start, count);
    }
    at::Tensor select(const at::Tensor &rows, at::ScalarType type) const {
        return coded ? coded->select(rows, type) : dense.index_select(0, rows);
    }
};

struct Head {
    at::Tensor hidden; // [N, C]
    HeadWeight weight;
    at::Tensor targets; // [N]
    LogitScale scale;
    int64_t block; // columns of V at one time

    int64_t rows() const { return hidden.size(0); }
    at::TensorOptions options(at::ScalarType type) const { return hidden.options().dtype(type); }

    /// Room for one block, [N, block], used again and again: fresh pages cost as much as the work.
    at::Tensor buffer(at::ScalarType type) const { return at::empty({rows() * block}, options(type)); }

    static at::Tensor view(const at::Tensor &buffer, int64_t rows, int64_t width) {
        return buffer.narrow(0, 0, rows * width).view({rows, width});
    }

    /// Calls `body(start, part, products)` for each block of rows of the weight with hidden · partᵀ.
    template <class Body>
    void for_each_block(const Body &body) const {
        const at::Tensor room = buffer(at::kFloat);
        for (int64_t start = 0; start < weight.size(0); start += block) {
            const int64_t width = std::min(block, weight.size(0) - start);
            const at::Tensor part = weight.narrow(start, width, hidden.scalar_type());
            at::Tensor products = view(room, rows(), width);
            ct::product_transposed(products, hidden, part);
            body(start, part, products);
        }
    }
};

struct Forward {
    at::Tensor log_probabilities, entropy, log_sum;
    /// ∂ log-probability / ∂ hidden for each row, where asked for: [N, C].
    at::Tensor slope;
    /// hidden · weightᵀ where that is one block: [N, V], f32.
    at::Tensor products;
};

enum class Slope { none, computed };

/// One pass over the weight. With `Slope::computed` each block's probabilities are multiplied with
/// the weight while they are at hand, as flash attention does with its values: this saves the
/// backward pass the products, which it would otherwise have to make again.
Forward forward_pass(const Head &head, Slope wanted) {
    RunningSoftmax softmax(head.targets, head.scale);
    Forward result;
    at::Tensor powers_buffer, mean_weight, last;
    if (wanted == Slope::computed) {
        powers_buffer = head.buffer(head.hidden.scalar_type());
        mean_weight = at::zeros(head.hidden.sizes(), head.options(at::kFloat));
    }
    head.for_each_block([&](int64_t start, const at::Tensor &part, at::Tensor &products) {
        last = products;
        at::Tensor powers;
        if (wanted == Slope::computed) {
            powers = Head::view(powers_buffer, head.rows(), part.size(0));
        }
        const at::Tensor factor = softmax.add(products, head.targets, start, powers);
        if (wanted == Slope::computed) {
            if (start > 0) mean_weight.mul_(factor.unsqueeze(1));
            ct::add_product(mean_weight, powers, part);
        }
    });
    if (head.block >= head.weight.size(0) && head.scale.is_plain()) result.products = last;
    result.log_sum = softmax.log_sum();
    result.log_probabilities = softmax.log_probabilities();
    result.entropy = softmax.entropy();
    if (wanted == Slope::computed) {
        const at::Tensor total = softmax.total();
        mean_weight.div_(total.unsqueeze(1)).neg_();
        mean_weight.addcmul_(
            head.weight.select(head.targets, head.hidden.scalar_type()).to(at::kFloat),
            (softmax.chosen_slope() * softmax.others / total).unsqueeze(1));
        if (head.scale.temperature != 1) mean_weight.div_(head.scale.temperature);
        result.slope = mean_weight.to(head.hidden.scalar_type());
    }
    return result;
}

/// For a frozen weight: the gradient is each row's slope times what comes in.
struct FrozenHead : torch::autograd::Function<FrozenHead> {
    static variable_list forward(
        AutogradContext *context, const at::Tensor &hidden, const HeadWeight &weight,
        const at::Tensor &targets, double temperature, double soft_cap, int64_t block) {
        const Forward result = forward_pass(
            {hidden, weight, targets, {temperature, soft_cap}, block}, Slope::computed);
        context->save_for_backward({result.slope});
        context->mark_non_differentiable({result.entropy});
        return {result.log_probabilities, result.entropy};
    }

    static variable_list backward(AutogradContext *context, variable_list gradients) {
        const at::Tensor slope = context->get_saved_variables()[0];
        variable_list results(6);
        results[0] = (gradients[0].unsqueeze(1) * slope).to(slope.scalar_type());
        return results;
    }
};

/// For a weight that trains too, or a gradient through the entropy: the products are made again, block
/// by block, unless all of them were one block, which then stays.
struct RecomputedHead : torch::autograd::Function<RecomputedHead> {
    static variable_list forward(
        AutogradContext *context, const at::Tensor &hidden, const at::Tensor &weight,
        const at::Tensor &targets, double temperature, double soft_cap, int64_t block,
        bool entropy_has_gradient) {
        const Forward result = forward_pass(
            {hidden, {weight, {}}, targets, {temperature, soft_cap}, block}, Slope::none);
        context->save_for_backward(
            {hidden, weight, targets, result.log_sum, result.log_probabilities.detach(),
             result.entropy.detach(), result.products});
        context->saved_data["temperature"] = temperature;
        context->saved_data["soft_cap"] = soft_cap;
        context->saved_data["block"] = block;
        context->saved_data["entropy_has_gradient"] = entropy_has_gradient;
        if (!entropy_has_gradient) context->mark_non_differentiable({result.entropy});
        return {result.log_probabilities, result.entropy};
    }

    static variable_list backward(AutogradContext *context, variable_list gradients) {
        const auto saved = context->get_saved_variables();
        const Head head{
            saved[0],
            {saved[1], {}},
            saved[2],
            {context->saved_data["temperature"].toDouble(),
             context->saved_data["soft_cap"].toDouble()},
            context->saved_data["block"].toInt()};
        const at::Tensor log_sum = saved[3];
        const at::Tensor incoming = gradients[0].to(at::kFloat).contiguous();
        const bool has_entropy = context->saved_data["entropy_has_gradient"].toBool();
        at::Tensor to_entropy;
        if (has_entropy) to_entropy = gradients[1].to(at::kFloat).contiguous();
        const bool needs_hidden = context->needs_input_grad(0);
        const bool needs_weight = context->needs_input_grad(1);
        const auto type = head.hidden.scalar_type();
        const at::Tensor buffer = head.buffer(type);
        const auto slope_of = [&](int64_t start, at::Tensor &products) {
            at::Tensor slope = Head::view(buffer, head.rows(), products.size(1));
            at::Tensor of_entropy;
            if (has_entropy) {
                of_entropy =
                    ct::entropy_gradient(products, log_sum, saved[5], to_entropy, head.scale);
            }
            ct::log_probability_gradient(
                products, head.targets, start, log_sum, saved[4], incoming, head.scale, slope);
            if (has_entropy) slope.add_(of_entropy);
            return slope;
        };
        variable_list results(7);
        at::Tensor products = saved[6];
        if (products.defined()) {
            const at::Tensor slope = slope_of(0, products);
            if (needs_hidden) results[0] = ct::product(slope, head.weight.dense);
            if (needs_weight) results[1] = ct::transposed_product(slope, head.hidden);
            return results;
        }
        at::Tensor to_hidden, to_weight;
        if (needs_hidden) to_hidden = at::zeros(head.hidden.sizes(), head.options(at::kFloat));
        if (needs_weight) to_weight = at::empty_like(head.weight.dense);
        head.for_each_block([&](int64_t start, const at::Tensor &part, at::Tensor &products) {
            const at::Tensor slope = slope_of(start, products);
            if (needs_hidden) ct::add_product(to_hidden, slope, part);
            if (!needs_weight) return;
            to_weight.narrow(0, start, part.size(0))
                .copy_(ct::transposed_product(slope, head.hidden));
        });
        if (needs_hidden) results[0] = to_hidden.to(type);
        if (needs_weight) results[1] = to_weight;
        return results;
    }
};

void check(
    const at::Tensor &hidden, const HeadWeight &weight, const at::Tensor &targets,
    double temperature) {
    TORCH_CHECK(
        hidden.dim() == 2 && (weight.coded || weight.dense.dim() == 2) && targets.dim() == 1,
        "hidden [N, C], weight [V, C] and targets [N] are needed");
    TORCH_CHECK(hidden.size(1) == weight.size(1), "hidden and weight differ in their last size");
    TORCH_CHECK(
        hidden.size(0) == targets.size(0), "as many targets as rows of hidden are needed");
    TORCH_CHECK(targets.scalar_type() == at::kLong, "targets must be int64");
    TORCH_CHECK(
        weight.coded || hidden.scalar_type() == weight.dense.scalar_type(), "hidden and weight differ in type");
    TORCH_CHECK(temperature > 0, "the temperature must be above 0");
    if (targets.numel() == 0) return;
    const auto [low, high] = targets.aminmax();
    TORCH_CHECK(
        low.item<int64_t>() >= 0 && high.item<int64_t>() < weight.size(0),
        "a target is outside 0..<", weight.size(0));
}

/// Logits of so many blocks' memory are computed as one and kept for the backward pass.
constexpr int64_t most_kept_blocks = 4;

/// A whole number of panels of the products, and even, since bf16 takes pairs.
int64_t block_width(int64_t rows, int64_t classes, int64_t bytes) {
    const int64_t fitting = bytes / (std::max<int64_t>(rows, 1) * static_cast<int64_t>(sizeof(float)));
    return std::clamp<int64_t>(fitting / 64 * 64, 256, std::max<int64_t>(classes, 256));
}

} // namespace

static bool log_probabilities_of(
    const ct_tensor *hidden, const HeadWeight &w, const ct_tensor *targets, double temperature,
    double soft_cap, int64_t block_bytes, bool entropy_has_gradient,
    ct_tensor **log_probabilities, ct_tensor **entropy) {
    return ct::perform([&] {
        const at::Tensor h = hidden->value.contiguous();
        const at::Tensor t = targets->value.contiguous();
        check(h, w, t, temperature);
        const int64_t block = block_width(h.size(0), w.size(0), block_bytes);
        variable_list results;
        if (!c10::GradMode::is_enabled() || !(h.requires_grad() || w.requires_grad())) {
            const c10::NoGradGuard guard;
            const Forward result =
                forward_pass({h, w, t, {temperature, soft_cap}, block}, Slope::none);
            results = {result.log_probabilities, result.entropy};
        } else if (w.requires_grad() || entropy_has_gradient) {
            const bool fits = h.size(0) * w.size(0) * 4 <= block_bytes * most_kept_blocks;
            results = RecomputedHead::apply(
                h, w.dense, t, temperature, soft_cap, fits ? std::max(block, w.size(0)) : block,
                entropy_has_gradient);
        } else {
            results = FrozenHead::apply(h, w, t, temperature, soft_cap, block);
        }
        auto first = std::make_unique<ct_tensor>(std::move(results[0]));
        *entropy = new ct_tensor(std::move(results[1]));
        *log_probabilities = first.release();
    });
}

bool ct_linear_log_probabilities(
    const ct_tensor *hidden, const ct_tensor *weight, const ct_tensor *targets, double temperature,
    double soft_cap, int64_t block_bytes, bool entropy_has_gradient,
    ct_tensor **log_probabilities, ct_tensor **entropy) {
    return log_probabilities_of(
        hidden, {weight->value, {}}, targets, temperature, soft_cap, block_bytes,
        entropy_has_gradient, log_probabilities, entropy);
}

bool ct_nf4_log_probabilities(
    const ct_tensor *hidden, const ct_nf4_matrix *head, const ct_tensor *targets,
    double temperature, double soft_cap, int64_t block_bytes, ct_tensor **log_probabilities,
    ct_tensor **entropy) {
    return log_probabilities_of(
        hidden, {at::Tensor(), ct::NF4Matrix(*head)}, targets, temperature, soft_cap, block_bytes,
        false, log_probabilities, entropy);
}
