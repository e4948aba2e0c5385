#include "../guard.h"
#include "adamw.h"
#include "elements.h"
#include "parallel.h"

#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace {

using Factors = ct::AdamWFactors;

CT_DISPATCHED void update_f32(
    float *__restrict w, const float *__restrict g, float *__restrict m, float *__restrict v,
    int64_t begin, int64_t end, const Factors &factors) {
    const Factors f = factors;
    for (int64_t i = begin; i < end; ++i) w[i] = ct::adamw_updated(w[i], g[i], m[i], v[i], f);
}

CT_DISPATCHED void update_bf16(
    uint16_t *__restrict w, const uint16_t *__restrict g, float *__restrict m,
    float *__restrict v, float *__restrict master, int64_t begin, int64_t end,
    const Factors &factors) {
    const Factors f = factors;
    for (int64_t i = begin; i < end; ++i) {
        master[i] = ct::adamw_updated(master[i], ct::widen(g[i]), m[i], v[i], f);
        w[i] = ct::narrow(master[i]);
    }
}

bool is_plain_host(const at::Tensor &tensor, at::ScalarType type) {
    return tensor.is_cpu() && tensor.is_contiguous() && tensor.scalar_type() == type;
}

void plain(
    at::Tensor parameter, at::Tensor gradient, at::Tensor first, at::Tensor second,
    at::Tensor master, const ct_adamw_update &u) {
    const c10::NoGradGuard guard;
    const Factors f(u);
    at::Tensor weight = master.defined() ? master : parameter;
    const at::Tensor g = gradient.to(first.scalar_type());
    first.mul_(u.beta1).add_(g, 1 - u.beta1);
    second.mul_(u.beta2).addcmul_(g, g, 1 - u.beta2);
    const at::Tensor denominator = second.sqrt().mul_(f.root).add_(u.epsilon);
    weight.mul_(1 - u.learning_rate * u.weight_decay);
    weight.addcdiv_(
        first, denominator,
        -u.learning_rate / (1 - std::pow(u.beta1, static_cast<double>(u.step))));
    if (master.defined()) parameter.copy_(master);
}

/// Whether the loops do what `plain` does: a few steps in each type, of values that fill no vector. They differ by
/// factors that one of the two rounds to f32 first, in a weight of bf16 by its other neighbour.
bool agree_with_plain() {
    constexpr int64_t count = 77;
    const auto filled = [](int64_t seed, float scale) {
        at::Tensor made = at::empty({count}, at::kFloat);
        for (int64_t i = 0; i < count; ++i) {
            made.data_ptr<float>()[i] = scale * static_cast<float>((i * 37 + seed * 11) % 41 - 20);
        }
        return made;
    };
    const auto are_close = [](const at::Tensor &found, const at::Tensor &expected, double bound) {
        return at::allclose(found.to(at::kFloat), expected.to(at::kFloat), bound, 1e-6);
    };
    ct_adamw_update update{0.05, 0.9, 0.99, 1e-6, 0.1, 1};
    for (const auto type : {at::kFloat, at::kBFloat16}) {
        const bool is_bf16 = type == at::kBFloat16;
        struct State {
            at::Tensor w, m, v, master;
        };
        const auto start = [&] {
            const at::Tensor w = filled(1, 0.05f).to(type);
            return State{
                w.clone(), at::zeros({count}, at::kFloat), at::zeros({count}, at::kFloat),
                is_bf16 ? w.to(at::kFloat) : at::Tensor()};
        };
        State fast = start(), slow = start();
        for (update.step = 1; update.step <= 3; ++update.step) {
            const at::Tensor g = filled(update.step, 0.1f).to(type);
            const Factors factors(update);
            if (is_bf16) {
                update_bf16(
                    static_cast<uint16_t *>(fast.w.data_ptr()),
                    static_cast<const uint16_t *>(g.const_data_ptr()), fast.m.data_ptr<float>(),
                    fast.v.data_ptr<float>(), fast.master.data_ptr<float>(), 0, count, factors);
            } else {
                update_f32(
                    fast.w.data_ptr<float>(), ct::elements<float>(g), fast.m.data_ptr<float>(),
                    fast.v.data_ptr<float>(), 0, count, factors);
            }
            plain(slow.w, g, slow.m, slow.v, slow.master, update);
        }
        if (!are_close(fast.m, slow.m, 1e-5) || !are_close(fast.v, slow.v, 1e-5)
            || !are_close(fast.w, slow.w, is_bf16 ? 0x1p-7 : 1e-5)
            || (is_bf16 && !are_close(fast.master, slow.master, 1e-5))) {
            return false;
        }
    }
    return true;
}

bool is_right() {
    static const bool agrees = [] {
        if (agree_with_plain()) return true;
        TORCH_WARN("this processor's AdamW steps are wrong; libtorch's operators take them instead");
        return false;
    }();
    return agrees;
}

/// Values per task: enough work to pay for waking a thread.
constexpr int64_t grain = 1 << 15;

void plain_step(const ct_adamw_slot &slot) {
    plain(
        slot.parameter->value.detach(), slot.gradient->value, slot.first->value,
        slot.second->value, slot.master ? slot.master->value : at::Tensor(), slot.update);
    slot.parameter->value.unsafeGetTensorImpl()->bump_version();
}

/// A parameter that the loops serve.
struct Loop {
    void *weight;
    const void *gradient;
    /// `master` is null where the weight is f32.
    float *first, *second, *master;
    Factors factors;

    explicit Loop(const ct_adamw_slot &slot)
        : weight(slot.parameter->value.data_ptr()),
          gradient(slot.gradient->value.const_data_ptr()),
          first(slot.first->value.data_ptr<float>()), second(slot.second->value.data_ptr<float>()),
          master(slot.master ? slot.master->value.data_ptr<float>() : nullptr),
          factors(slot.update) {}

    static bool serves(const ct_adamw_slot &slot) {
        const int64_t count = slot.parameter->value.numel();
        const auto type = slot.master ? at::kBFloat16 : at::kFloat;
        const auto is_state = [&](const ct_tensor *tensor) {
            return is_plain_host(tensor->value, at::kFloat) && tensor->value.numel() == count;
        };
        return is_state(slot.first) && is_state(slot.second)
            && (!slot.master || is_state(slot.master))
            && is_plain_host(slot.parameter->value, type)
            && is_plain_host(slot.gradient->value, type);
    }

    void update(int64_t begin, int64_t end) const {
        if (master == nullptr) {
            update_f32(
                static_cast<float *>(weight), static_cast<const float *>(gradient), first, second,
                begin, end, factors);
        } else {
            update_bf16(
                static_cast<uint16_t *>(weight), static_cast<const uint16_t *>(gradient), first,
                second, master, begin, end, factors);
        }
    }
};

} // namespace

bool ct_adamw_step_plain(const ct_adamw_slot *slots, int64_t count) {
    return ct::perform([&] { std::for_each(slots, slots + count, plain_step); });
}

bool ct_adamw_step(const ct_adamw_slot *slots, int64_t count) {
    return ct::perform([&] {
        struct Task {
            size_t loop;
            int64_t begin, end;
        };
        std::vector<Loop> loops;
        std::vector<Task> tasks;
        loops.reserve(count);
        for (const auto *slot = slots; slot < slots + count; ++slot) {
            if (!Loop::serves(*slot) || !is_right()) {
                plain_step(*slot);
                continue;
            }
            const int64_t size = slot->parameter->value.numel();
            for (int64_t begin = 0; begin < size; begin += grain) {
                tasks.push_back({loops.size(), begin, std::min(begin + grain, size)});
            }
            loops.emplace_back(*slot);
            slot->parameter->value.unsafeGetTensorImpl()->bump_version();
        }
        ct::for_each_task(static_cast<int64_t>(tasks.size()), [&](int64_t i) {
            loops[tasks[i].loop].update(tasks[i].begin, tasks[i].end);
        });
    });
}

namespace {

template <class T>
CT_INLINE float sum_of_squares(const T *values, int64_t count) {
    float sums[64] = {};
    int64_t i = 0;
    for (; i + 64 <= count; i += 64) {
        for (int k = 0; k < 64; ++k) {
            const float value = ct::load(values + i + k);
            sums[k] += value * value;
        }
    }
    float sum = 0;
    for (const float each : sums) sum += each;
    for (; i < count; ++i) sum += ct::load(values + i) * ct::load(values + i);
    return sum;
}

CT_DISPATCHED float squares_f32(const float *values, int64_t count) {
    return sum_of_squares(values, count);
}
CT_DISPATCHED float squares_bf16(const uint16_t *values, int64_t count) {
    return sum_of_squares(values, count);
}

template <class T>
CT_INLINE void multiply_all(T *values, int64_t count, float scale) {
    for (int64_t i = 0; i < count; ++i) ct::store(values + i, ct::load(values + i) * scale);
}

CT_DISPATCHED void scale_f32(float *values, int64_t count, float scale) {
    multiply_all(values, count, scale);
}
CT_DISPATCHED void scale_bf16(uint16_t *values, int64_t count, float scale) {
    multiply_all(values, count, scale);
}

/// Gradients cut into pieces for the threads; those of other kinds stand apart.
struct Gradients {
    struct Piece {
        void *start;
        int64_t count;
        bool is_bf16;
    };
    std::vector<Piece> pieces;
    std::vector<at::Tensor> others;

    Gradients(ct_tensor *const *parameters, int64_t count) {
        for (int64_t i = 0; i < count; ++i) {
            const at::Tensor &gradient = parameters[i]->value.grad();
            if (!gradient.defined()) continue;
            const bool is_bf16 = is_plain_host(gradient, at::kBFloat16);
            if (!is_bf16 && !is_plain_host(gradient, at::kFloat)) {
                others.push_back(gradient);
                continue;
            }
            auto *bytes = static_cast<char *>(gradient.data_ptr());
            for (int64_t start = 0; start < gradient.numel(); start += grain) {
                pieces.push_back(
                    {bytes + start * (is_bf16 ? 2 : 4), std::min(grain, gradient.numel() - start),
                     is_bf16});
            }
        }
    }
};

} // namespace

bool ct_gradient_norm(ct_tensor *const *parameters, int64_t count, double *norm) {
    return ct::perform([&] {
        const c10::NoGradGuard guard;
        const Gradients gradients(parameters, count);
        const auto &pieces = gradients.pieces;
        std::vector<float> parts(pieces.size());
        ct::for_each_task(static_cast<int64_t>(pieces.size()), [&](int64_t i) {
            const auto &piece = pieces[i];
            parts[i] = piece.is_bf16
                ? squares_bf16(static_cast<const uint16_t *>(piece.start), piece.count)
                : squares_f32(static_cast<const float *>(piece.start), piece.count);
        });
        double squares = 0;
        for (const float part : parts) squares += part;
        for (const at::Tensor &gradient : gradients.others) {
            const double part =
                at::linalg_vector_norm(gradient, 2, std::nullopt, false, at::kFloat)
                    .item<double>();
            squares += part * part;
        }
        *norm = std::sqrt(squares);
    });
}

bool ct_scale_gradients(ct_tensor *const *parameters, int64_t count, double scale) {
    return ct::perform([&] {
        const c10::NoGradGuard guard;
        Gradients gradients(parameters, count);
        const auto factor = static_cast<float>(scale);
        const auto &pieces = gradients.pieces;
        ct::for_each_task(static_cast<int64_t>(pieces.size()), [&](int64_t i) {
            const auto &piece = pieces[i];
            if (piece.is_bf16) {
                scale_bf16(static_cast<uint16_t *>(piece.start), piece.count, factor);
            } else {
                scale_f32(static_cast<float *>(piece.start), piece.count, factor);
            }
        });
        for (at::Tensor &gradient : gradients.others) gradient.mul_(scale);
    });
}
