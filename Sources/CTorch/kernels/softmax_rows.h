#pragma once
#include <ATen/ATen.h>

namespace ct {

/// What turns a product into a logit: z = soft_cap · tanh(x / soft_cap) / temperature; no cap for 0.
struct LogitScale {
    double temperature;
    double soft_cap;

    /// Whether a logit is the product itself.
    bool is_plain() const { return temperature == 1 && soft_cap == 0; }
};

/// Softmax over rows whose columns arrive in blocks: the highest logit so far, and over all columns
/// but the target's Σ e^(z − highest) and Σ z e^(z − highest), rescaled whenever a higher one comes.
/// The target stands apart because 1 − p loses its digits where the target's p is near 1. All [N], f32.
struct RunningSoftmax {
    at::Tensor highest, others, weighted;
    /// The logit of each row's target, once its block has been added.
    at::Tensor chosen;
    LogitScale scale;

    RunningSoftmax(const at::Tensor &targets, LogitScale scale);

    /// Adds the block of columns from `start` on.
    ///
    /// - products: [N, width] f32; becomes logits.
    /// - powers: undefined, or [N, width] for e^(z − highest) · ∂z/∂x · temperature; 0 for the target.
    /// - returns: [N], the factor by which earlier powers must be multiplied.
    at::Tensor add(
        at::Tensor &products, const at::Tensor &targets, int64_t start, const at::Tensor &powers);

    /// e^(chosen − highest).
    at::Tensor chosen_power() const { return (chosen - highest).exp_(); }
    /// Over all columns.
    at::Tensor total() const { return others + chosen_power(); }
    at::Tensor log_sum() const { return total().log_() + highest; }
    at::Tensor log_probabilities() const;
    at::Tensor entropy() const;
    /// ∂z/∂x · temperature at the target: 1 without a cap.
    at::Tensor chosen_slope() const;
};

/// Writes the gradient with respect to the products to `gradient` [N, width]:
/// incoming · (1[target] − e^(z − log_sum)) · ∂z/∂x. Destroys `products`.
void log_probability_gradient(
    at::Tensor &products, const at::Tensor &targets, int64_t start, const at::Tensor &log_sum,
    const at::Tensor &log_probabilities, const at::Tensor &incoming, LogitScale scale,
    at::Tensor &gradient);

/// The gradient of the rows' entropies with respect to the products, [N, width] f32:
/// −incoming · p · (log p + entropy) · ∂z/∂x with log p = z − log_sum. Leaves `products` alone.
at::Tensor entropy_gradient(
    const at::Tensor &products, const at::Tensor &log_sum, const at::Tensor &entropy,
    const at::Tensor &incoming, LogitScale scale);

} // namespace ct
