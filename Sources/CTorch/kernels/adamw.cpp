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
            return ct::is_plain_host(tensor->value, at::kFloat) && tensor->value.numel() == count;
        };
        return is_state(slot.first) && is_state(slot.second)
            && (!slot.master || is_state(slot.master))
            && ct::is_plain_host(slot.parameter->value, type)
            && ct::is_plain_host(slot.gradient->value, type);
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
