#include "../guard.h"

#include <torch/csrc/autograd/custom_function.h>

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Head {
    at::Tensor hidden;  // [N, C]
    at::Tensor weight;  // [V, C]
    at::Tensor targets; // [N]
    double temperature;
    double soft_cap;
    int64_t block; // columns of V at one time

    int64_t rows() const { return hidden.size(0); }
    int64_t classes() const { return weight.size(0); }

    /// f32 logits after cap and temperature of columns [start, start + count): [N, count].
    at::Tensor logits(const at::Tensor &part) const {
        at::Tensor values = at::matmul(hidden, part.t()).to(at::kFloat);
        if (soft_cap > 0) values = values.div_(soft_cap).tanh_().mul_(soft_cap);
        if (temperature != 1) values.div_(temperature);
        return values;
    }

    /// d logits / d product, given logits after cap and temperature; in place where there is one.
    void times_slope(at::Tensor gradient, const at::Tensor &values) const {
        if (temperature != 1) gradient.div_(temperature);
        if (soft_cap > 0) {
            const at::Tensor share = values * (temperature / soft_cap);
            gradient.mul_(1 - share * share);
        }
    }
};

/// Log-sum-exp and Σ p·x by blocks of columns: both are rescaled whenever the maximum rises.
struct RunningSoftmax {
    at::Tensor maximum, total, weighted; // [N] each

    explicit RunningSoftmax(int64_t rows, at::Device device) {
        const auto options = at::TensorOptions().dtype(at::kFloat).device(device);
        maximum = at::full({rows}, -std::numeric_limits<float>::infinity(), options);
        total = at::zeros({rows}, options);
        weighted = at::zeros({rows}, options);
    }

    void add(const at::Tensor &values) {
        const at::Tensor highest = at::maximum(maximum, values.amax(1));
        const at::Tensor scale = (maximum - highest).exp_();
        const at::Tensor powers = (values - highest.unsqueeze(1)).exp_();
        total.mul_(scale).add_(powers.sum(1));
        weighted.mul_(scale).add_((powers.mul_(values)).sum(1));
        maximum = highest;
    }

    at::Tensor log_sum() const { return total.log() + maximum; }
    at::Tensor entropy() const { return log_sum() - weighted / total; }
};

struct LinearLogProbabilities : torch::autograd::Function<LinearLogProbabilities> {
    static variable_list forward(
        AutogradContext *context, const at::Tensor &hidden, const at::Tensor &weight,
        const at::Tensor &targets, double temperature, double soft_cap, int64_t block) {
        const Head head{hidden, weight, targets, temperature, soft_cap, block};
        RunningSoftmax softmax(head.rows(), hidden.device());
        at::Tensor chosen = at::zeros(
            {head.rows()}, at::TensorOptions().dtype(at::kFloat).device(hidden.device()));
        for (int64_t start = 0; start < head.classes(); start += block) {
            const int64_t width = std::min(block, head.classes() - start);
            const at::Tensor values = head.logits(weight.narrow(0, start, width));
            softmax.add(values);
            const at::Tensor place = targets - start;
            const at::Tensor inside = place.ge(0).logical_and_(place.lt(width));
            const at::Tensor here =
                values.gather(1, place.clamp(0, width - 1).unsqueeze(1)).squeeze(1);
            chosen = at::where(inside, here, chosen);
        }
        const at::Tensor log_sum = softmax.log_sum();
        const at::Tensor entropy = softmax.entropy();
        context->save_for_backward({hidden, weight, targets, log_sum});
        context->saved_data["temperature"] = temperature;
        context->saved_data["soft_cap"] = soft_cap;
        context->saved_data["block"] = block;
        context->mark_non_differentiable({entropy});
        return {chosen - log_sum, entropy};
    }

    static variable_list backward(AutogradContext *context, variable_list gradients) {
        const auto saved = context->get_saved_variables();
        const Head head{
            saved[0],
            saved[1],
            saved[2],
            context->saved_data["temperature"].toDouble(),
            context->saved_data["soft_cap"].toDouble(),
            context->saved_data["block"].toInt()};
        const at::Tensor &log_sum = saved[3];
        const at::Tensor incoming = gradients[0].to(at::kFloat).unsqueeze(1);
        const bool needs_hidden = context->needs_input_grad(0);
        const bool needs_weight = context->needs_input_grad(1);
        at::Tensor to_hidden, to_weight;
        if (needs_hidden) to_hidden = at::zeros(head.hidden.sizes(), incoming.options());
        if (needs_weight) to_weight = at::empty_like(head.weight);
        for (int64_t start = 0; start < head.classes(); start += head.block) {
            const int64_t width = std::min(head.block, head.classes() - start);
            const at::Tensor part = head.weight.narrow(0, start, width);
            const at::Tensor values = head.logits(part);
            const at::Tensor place = head.targets - start;
            const at::Tensor inside =
                place.ge(0).logical_and_(place.lt(width)).to(at::kFloat).unsqueeze(1);
            at::Tensor slope = (values - log_sum.unsqueeze(1)).exp_().neg_();
            slope.scatter_add_(1, place.clamp(0, width - 1).unsqueeze(1), inside);
            slope.mul_(incoming);
            head.times_slope(slope, values);
            const at::Tensor short_slope = slope.to(head.hidden.scalar_type());
            if (needs_hidden) to_hidden.add_(at::matmul(short_slope, part));
            if (needs_weight) {
                to_weight.narrow(0, start, width)
                    .copy_(at::matmul(short_slope.t(), head.hidden));
            }
        }
        if (needs_hidden) to_hidden = to_hidden.to(head.hidden.scalar_type());
        return {to_hidden, to_weight, at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor()};
    }
};

} // namespace

bool ct_linear_log_probabilities(
    const ct_tensor *hidden, const ct_tensor *weight, const ct_tensor *targets, double temperature,
    double soft_cap, int64_t block_bytes, ct_tensor **log_probabilities, ct_tensor **entropy) {
    return ct::perform([&] {
        const at::Tensor &h = hidden->value;
        const at::Tensor &w = weight->value;
        const at::Tensor &t = targets->value;
        TORCH_CHECK(h.dim() == 2 && w.dim() == 2 && t.dim() == 1, "hidden [N, C], weight [V, C] and targets [N] are needed");
        TORCH_CHECK(h.size(1) == w.size(1), "hidden and weight differ in their last size");
        TORCH_CHECK(h.size(0) == t.size(0), "as many targets as rows of hidden are needed");
        TORCH_CHECK(t.scalar_type() == at::kLong, "targets must be int64");
        TORCH_CHECK(h.scalar_type() == w.scalar_type(), "hidden and weight differ in type");
        TORCH_CHECK(temperature > 0, "the temperature must be above 0");
        if (t.numel() > 0) {
            const auto [low, high] = t.aminmax();
            TORCH_CHECK(
                low.item<int64_t>() >= 0 && high.item<int64_t>() < w.size(0),
                "a target is outside 0..<", w.size(0));
        }
        const int64_t rows = std::max<int64_t>(h.size(0), 1);
        const int64_t block = std::clamp<int64_t>(
            block_bytes / (rows * static_cast<int64_t>(sizeof(float))), 256, w.size(0) > 256 ? w.size(0) : 256);
        auto results = LinearLogProbabilities::apply(
            h.contiguous(), w, t, temperature, soft_cap, block);
        auto first = std::make_unique<ct_tensor>(std::move(results[0]));
        *entropy = new ct_tensor(std::move(results[1]));
        *log_probabilities = first.release();
    });
}
