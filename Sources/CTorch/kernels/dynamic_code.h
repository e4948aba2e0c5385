#pragma once
#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <vector>

namespace ct {

/// A code of 256 ascending numbers and a table that finds a number's lower neighbour.
struct DynamicCode {
    std::array<float, 256> values;
    /// By the upper half of a float's bits: the last code not above any float with that upper half.
    std::vector<uint8_t> start;

    explicit DynamicCode(bool is_signed) : start(1 << 16, 0) {
        std::vector<float> all{0.0f, 1.0f};
        for (int exponent = 0; exponent < 7; ++exponent) {
            const int steps = is_signed ? 1 << exponent : 2 << exponent;
            const double scale = std::pow(10.0, exponent - 6), width = 0.9 / steps;
            for (int step = 0; step < steps; ++step) {
                const auto mean = static_cast<float>(scale * (0.1 + width * (step + 0.5)));
                all.push_back(mean);
                if (is_signed) all.push_back(-mean);
            }
        }
        std::sort(all.begin(), all.end());
        std::copy(all.begin(), all.end(), values.begin());
        for (uint32_t upper = 0; upper < start.size(); ++upper) {
            const bool is_negative = upper & 0x8000;
            const float least = std::bit_cast<float>(upper << 16 | (is_negative ? 0xFFFFu : 0u));
            if (!(std::fabs(least) <= 2)) continue; // larger ones do not occur
            const auto above = std::upper_bound(values.begin(), values.end(), least);
            start[upper] = static_cast<uint8_t>(std::max<int64_t>(above - values.begin() - 1, 0));
        }
    }

    /// One of the two neighbours of `x`, the upper one with the chance that makes the mean right.
    /// `draw` is uniform in [0, 1).
    uint8_t round(float x, float draw) const {
        int code = start[std::bit_cast<uint32_t>(x) >> 16];
        while (code < 255 && values[code + 1] <= x) ++code;
        if (code == 255) return 255;
        const float share = (x - values[code]) / (values[code + 1] - values[code]);
        return static_cast<uint8_t>(draw < share ? code + 1 : code);
    }
};

inline const DynamicCode &signed_code() {
    static const DynamicCode code(true);
    return code;
}
inline const DynamicCode &unsigned_code() {
    static const DynamicCode code(false);
    return code;
}

/// The values of a code on the device of `like`.
inline at::Tensor code_tensor(bool is_signed, const at::Tensor &like) {
    const auto &values = (is_signed ? signed_code() : unsigned_code()).values;
    return at::from_blob(const_cast<float *>(values.data()), {256}, at::kFloat)
        .clone()
        .to(like.device());
}

} // namespace ct
