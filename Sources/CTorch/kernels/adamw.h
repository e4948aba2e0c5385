#pragma once
#include "../include/ctorch_optimizer.h"
#include "simd.h"

#include <cmath>

namespace ct {

/// The factors of an AdamW update, each computed once in double precision.
struct AdamWFactors {
    float beta1, beta2, rest1, rest2, keep, rate, root, epsilon;

    explicit AdamWFactors(const ct_adamw_update &u) {
        const double correction1 = 1 - std::pow(u.beta1, static_cast<double>(u.step));
        const double correction2 = 1 - std::pow(u.beta2, static_cast<double>(u.step));
        beta1 = static_cast<float>(u.beta1);
        beta2 = static_cast<float>(u.beta2);
        rest1 = static_cast<float>(1 - u.beta1);
        rest2 = static_cast<float>(1 - u.beta2);
        keep = static_cast<float>(1 - u.learning_rate * u.weight_decay);
        rate = static_cast<float>(u.learning_rate / correction1);
        root = static_cast<float>(1 / std::sqrt(correction2));
        epsilon = static_cast<float>(u.epsilon);
    }
};

/// The weight after one step; `m` and `v` are moved.
CT_INLINE float adamw_updated(float w, float g, float &m, float &v, const AdamWFactors &f) {
    m = f.beta1 * m + f.rest1 * g;
    v = f.beta2 * v + f.rest2 * g * g;
    return w * f.keep - f.rate * m / (root(v) * f.root + f.epsilon);
}

} // namespace ct
