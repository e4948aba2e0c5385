#include "elements.h"
#include "softmax_rows.h"

#include "parallel.h"
#include "simd.h"

#include <algorithm>
#include <limits>

namespace {

using ct::LogitScale;

/// One row's part of a block, in the host's memory.
struct Row {
    float *values;
    int64_t width;
    float to_cap;   // 1 / soft_cap, 0 for none
    float cap;      // soft_cap / temperature, or 1 / temperature
};

/// Whether logits have a cap: known when the loops are compiled, which otherwise compute one for each number.
enum class Cap { none, soft };

/// A logit, and ∂z/∂x · temperature. e^2y stays finite since the exponential is clamped.
template <Cap cap>
CT_INLINE float capped(float x, const Row &row, float &slope) {
    if constexpr (cap == Cap::none) {
        slope = 1;
        return x * row.cap;
    }
    const float t = 1 - 2 / (ct::exponential(2 * x * row.to_cap) + 1);
    slope = 1 - t * t;
    return t * row.cap;
}

/// The same of one number.
CT_INLINE float capped(float x, const Row &row, float &slope) {
    return row.to_cap == 0 ? capped<Cap::none>(x, row, slope) : capped<Cap::soft>(x, row, slope);
}

struct Sums {
    float highest, total, weighted;
};

constexpr int lanes = 16;

/// A logit whose power is 0; finite, so that 0 times it is 0.
constexpr float absent = -1e30f;

template <Cap cap>
CT_INLINE float make_logits_in(const Row &row) {
    float best[lanes];
    for (int i = 0; i < lanes; ++i) best[i] = -std::numeric_limits<float>::infinity();
    int64_t place = 0;
    for (; place + lanes <= row.width; place += lanes) {
        for (int i = 0; i < lanes; ++i) {
            float slope;
            const float z = capped<cap>(row.values[place + i], row, slope);
            row.values[place + i] = z;
            best[i] = z > best[i] ? z : best[i];
        }
    }
    for (; place < row.width; ++place) {
        float slope;
        row.values[place] = capped<cap>(row.values[place], row, slope);
        best[0] = row.values[place] > best[0] ? row.values[place] : best[0];
    }
    return *std::max_element(best, best + lanes);
}

/// Makes logits of the products in place and returns the highest.
CT_DISPATCHED float make_logits(const Row &given) {
    const Row row = given;
    return row.to_cap == 0 ? make_logits_in<Cap::none>(row) : make_logits_in<Cap::soft>(row);
}

/// The slope that belongs to a logit.
template <Cap cap>
CT_INLINE float slope_of(float z, const Row &row) {
    if constexpr (cap == Cap::none) return 1;
    const float t = z / row.cap;
    return 1 - t * t;
}

template <Cap cap, bool keeps, class Out>
CT_INLINE Sums sum_powers_in(const Row &row, float highest, Out *powers) {
    float total[lanes] = {}, weighted[lanes] = {};
    int64_t place = 0;
    for (; place + lanes <= row.width; place += lanes) {
        for (int i = 0; i < lanes; ++i) {
            const float z = row.values[place + i];
            const float power = ct::exponential(z - highest);
            total[i] += power;
            weighted[i] += power * z;
            if (keeps) ct::store(powers + place + i, power * slope_of<cap>(z, row));
        }
    }
    for (; place < row.width; ++place) {
        const float z = row.values[place];
        const float power = ct::exponential(z - highest);
        total[0] += power;
        weighted[0] += power * z;
        if (keeps) ct::store(powers + place, power * slope_of<cap>(z, row));
    }
    Sums sums{highest, 0, 0};
    for (int i = 0; i < lanes; ++i) {
        sums.total += total[i];
        sums.weighted += weighted[i];
    }
    return sums;
}

template <bool keeps, class Out>
CT_INLINE Sums sum_powers(const Row &given, float highest, Out *powers) {
    const Row row = given;
    return row.to_cap == 0 ? sum_powers_in<Cap::none, keeps>(row, highest, powers)
                           : sum_powers_in<Cap::soft, keeps>(row, highest, powers);
}

CT_DISPATCHED Sums sum_only(const Row &row, float highest) {
    return sum_powers<false>(row, highest, static_cast<float *>(nullptr));
}

CT_DISPATCHED Sums sum_f32(const Row &row, float highest, float *powers) {
    return sum_powers<true>(row, highest, powers);
}

CT_DISPATCHED Sums sum_bf16(const Row &row, float highest, uint16_t *powers) {
    return sum_powers<true>(row, highest, powers);
}

template <Cap cap, class Out>
CT_INLINE void write_gradient_in(const Row &row, float log_sum, float factor, Out *gradient) {
    for (int64_t i = 0; i < row.width; ++i) {
        float slope;
        const float z = capped<cap>(row.values[i], row, slope);
        ct::store(gradient + i, -factor * slope * ct::exponential(z - log_sum));
    }
}

template <class Out>
CT_INLINE void write_gradient(const Row &given, float log_sum, float factor, Out *gradient) {
    const Row row = given;
    if (row.to_cap == 0) {
        write_gradient_in<Cap::none>(row, log_sum, factor, gradient);
    } else {
        write_gradient_in<Cap::soft>(row, log_sum, factor, gradient);
    }
}

CT_DISPATCHED void gradient_f32(const Row &row, float log_sum, float factor, float *gradient) {
    write_gradient(row, log_sum, factor, gradient);
}

CT_DISPATCHED void gradient_bf16(
    const Row &row, float log_sum, float factor, uint16_t *gradient) {
    write_gradient(row, log_sum, factor, gradient);
}

Row row_of(at::Tensor &products, int64_t index, LogitScale scale) {
    const double cap = scale.soft_cap > 0 ? scale.soft_cap : 1;
    return {
        products.data_ptr<float>() + index * products.stride(0), products.size(1),
        scale.soft_cap > 0 ? static_cast<float>(1 / scale.soft_cap) : 0.0f,
        static_cast<float>(cap / scale.temperature)};
}

bool is_on_host(const at::Tensor &values, const at::Tensor &out) {
    return values.is_cpu()
        && (!out.defined() || out.scalar_type() == at::kFloat
            || out.scalar_type() == at::kBFloat16);
}

// The same by tensor operators, for other devices and types.

void make_logits(at::Tensor &products, LogitScale scale) {
    if (scale.soft_cap > 0) products.div_(scale.soft_cap).tanh_().mul_(scale.soft_cap);
    if (scale.temperature != 1) products.div_(scale.temperature);
}

/// ∂z/∂x · temperature, or an undefined tensor for 1.
at::Tensor slope_of(const at::Tensor &logits, LogitScale scale) {
    if (scale.soft_cap == 0) return {};
    const at::Tensor share = logits * (scale.temperature / scale.soft_cap);
    return 1 - share * share;
}

struct Places {
    at::Tensor inside, clamped;

    Places(const at::Tensor &targets, int64_t start, int64_t width) {
        const at::Tensor place = targets - start;
        inside = place.ge(0).logical_and_(place.lt(width));
        clamped = place.clamp(0, width - 1).unsqueeze(1);
    }
};

} // namespace

namespace ct {

RunningSoftmax::RunningSoftmax(const at::Tensor &targets, LogitScale scale) : scale(scale) {
    const auto options = targets.options().dtype(at::kFloat);
    highest = at::full(targets.sizes(), -std::numeric_limits<float>::infinity(), options);
    others = at::zeros(targets.sizes(), options);
    weighted = at::zeros(targets.sizes(), options);
    chosen = at::zeros(targets.sizes(), options);
}

at::Tensor RunningSoftmax::log_probabilities() const {
    // Where the target is the highest, log p = -log(1 + others) keeps all digits near 0.
    return at::where(chosen.eq(highest), others.log1p().neg_(), chosen - log_sum());
}

at::Tensor RunningSoftmax::entropy() const {
    const at::Tensor power = chosen_power();
    return log_sum() - (weighted + power * chosen) / (others + power);
}

at::Tensor RunningSoftmax::chosen_slope() const {
    const at::Tensor slope = slope_of(chosen, scale);
    return slope.defined() ? slope : at::ones_like(chosen);
}

at::Tensor RunningSoftmax::add(
    at::Tensor &products, const at::Tensor &targets, int64_t start, const at::Tensor &powers) {
    const int64_t width = products.size(1);
    if (!is_on_host(products, powers)) {
        make_logits(products, scale);
        const at::Tensor now = at::maximum(highest, products.amax(1));
        const at::Tensor factor = (highest - now).exp_();
        const Places places(targets, start, width);
        at::Tensor part = (products - now.unsqueeze(1)).exp_();
        part.scatter_(
            1, places.clamped,
            part.gather(1, places.clamped).masked_fill_(places.inside.unsqueeze(1), 0));
        others.mul_(factor).add_(part.sum(1));
        weighted.mul_(factor).add_((part * products).sum(1));
        highest = now;
        chosen = at::where(places.inside, products.gather(1, places.clamped).squeeze(1), chosen);
        if (powers.defined()) {
            const at::Tensor slope = slope_of(products, scale);
            powers.copy_(slope.defined() ? part * slope : part);
        }
        return factor;
    }
    at::Tensor factors = at::empty_like(others);
    const auto *target = ct::elements<int64_t>(targets);
    auto *factor = factors.data_ptr<float>();
    auto *high = highest.data_ptr<float>();
    auto *sum = others.data_ptr<float>();
    auto *mean = weighted.data_ptr<float>();
    auto *pick = chosen.data_ptr<float>();
    const bool is_bf16 = powers.defined() && powers.scalar_type() == at::kBFloat16;
    void *out = powers.defined() ? powers.data_ptr() : nullptr;
    const int64_t out_stride = powers.defined() ? powers.stride(0) : 0;
    for_each_range(products.size(0), 8, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const Row row = row_of(products, i, scale);
            const float now = std::max(high[i], ::make_logits(row));
            const int64_t place = target[i] - start;
            const bool is_here = place >= 0 && place < width;
            if (is_here) {
                pick[i] = row.values[place];
                row.values[place] = absent;
            }
            const Sums sums = !out ? sum_only(row, now)
                : is_bf16
                ? sum_bf16(row, now, static_cast<uint16_t *>(out) + i * out_stride)
                : sum_f32(row, now, static_cast<float *>(out) + i * out_stride);
            factor[i] = high[i] == now ? 1.0f : std::exp(high[i] - now);
            sum[i] = sum[i] * factor[i] + sums.total;
            mean[i] = mean[i] * factor[i] + sums.weighted;
            high[i] = now;
            if (!is_here) continue;
            row.values[place] = pick[i];
            if (!out) continue;
            if (is_bf16) {
                static_cast<uint16_t *>(out)[i * out_stride + place] = 0;
            } else {
                static_cast<float *>(out)[i * out_stride + place] = 0;
            }
        }
    });
    return factors;
}

void log_probability_gradient(
    at::Tensor &products, const at::Tensor &targets, int64_t start, const at::Tensor &log_sum,
    const at::Tensor &log_probabilities, const at::Tensor &incoming, LogitScale scale,
    at::Tensor &gradient) {
    const int64_t width = products.size(1);
    if (!is_on_host(products, gradient)) {
        make_logits(products, scale);
        const at::Tensor slope = slope_of(products, scale);
        const Places places(targets, start, width);
        products.sub_(log_sum.unsqueeze(1)).exp_().neg_();
        products.scatter_(
            1, places.clamped,
            at::where(
                places.inside.unsqueeze(1), log_probabilities.expm1().neg_().unsqueeze(1),
                products.gather(1, places.clamped)));
        products.mul_(incoming.unsqueeze(1) / scale.temperature);
        if (slope.defined()) products.mul_(slope);
        gradient.copy_(products);
        return;
    }
    const auto *target = ct::elements<int64_t>(targets);
    const auto *sum = ct::elements<float>(log_sum);
    const auto *chosen = ct::elements<float>(log_probabilities);
    const auto *weight = ct::elements<float>(incoming);
    const bool is_bf16 = gradient.scalar_type() == at::kBFloat16;
    for_each_range(products.size(0), 8, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const Row row = row_of(products, i, scale);
            const float factor = weight[i] / static_cast<float>(scale.temperature);
            const int64_t place = target[i] - start;
            const bool is_here = place >= 0 && place < width;
            float slope = 0;
            float at_target = 0;
            if (is_here) {
                capped(row.values[place], row, slope);
                at_target = factor * slope * -std::expm1(chosen[i]);
            }
            if (is_bf16) {
                auto *to = static_cast<uint16_t *>(gradient.data_ptr()) + i * gradient.stride(0);
                gradient_bf16(row, sum[i], factor, to);
                if (is_here) to[place] = narrow(at_target);
            } else {
                auto *to = gradient.data_ptr<float>() + i * gradient.stride(0);
                gradient_f32(row, sum[i], factor, to);
                if (is_here) to[place] = at_target;
            }
        }
    });
}

at::Tensor entropy_gradient(
    const at::Tensor &products, const at::Tensor &log_sum, const at::Tensor &entropy,
    const at::Tensor &incoming, LogitScale scale) {
    at::Tensor logits = products.clone();
    make_logits(logits, scale);
    const at::Tensor slope = slope_of(logits, scale);
    logits.sub_(log_sum.unsqueeze(1));
    at::Tensor gradient = logits.exp();
    gradient.mul_(logits.add_(entropy.unsqueeze(1)));
    gradient.mul_(incoming.unsqueeze(1) / -scale.temperature);
    if (slope.defined()) gradient.mul_(slope);
    return gradient;
}

} // namespace ct
