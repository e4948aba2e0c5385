#include "../guard.h"
#include "adamw.h"
#include "dynamic_code.h"
#include "parallel.h"

#include <c10/core/GradMode.h>

#include <algorithm>

namespace {

constexpr int64_t state_block = CT_STATE_BLOCK;

/// A hash whose every bit depends on every bit of `x` (Wellons' lowbias32).
inline uint32_t mixed(uint32_t x) {
    x = (x ^ x >> 16) * 0x7feb352du;
    x = (x ^ x >> 15) * 0x846ca68bu;
    return x ^ x >> 16;
}

/// Two numbers in [0, 1) for the element at `index`.
inline std::pair<float, float> draws(uint32_t seed, int64_t index) {
    const uint32_t bits = mixed(mixed(seed) ^ static_cast<uint32_t>(index));
    return {static_cast<float>(bits >> 16) / 65536, static_cast<float>(bits & 0xFFFF) / 65536};
}

struct Block {
    float first[state_block], root[state_block];
};

/// The new moments of one block, and their scales; weights are changed in place.
template <class Weight, class Gradient>
CT_INLINE void update_values(
    Weight *w, const Gradient *g, float *master, Block &block, int64_t count,
    const ct::AdamWFactors &f, float &largest_first, float &largest_root) {
    for (int64_t i = 0; i < count; ++i) {
        float m = block.first[i], v = block.root[i] * block.root[i];
        const float before = master ? master[i] : ct::load(w + i);
        const float after = ct::adamw_updated(before, ct::load(g + i), m, v, f);
        if (master) master[i] = after;
        ct::store(w + i, after);
        block.first[i] = m;
        block.root[i] = ct::root(v);
    }
    largest_first = 0;
    largest_root = 0;
    for (int64_t i = 0; i < count; ++i) {
        largest_first = std::max(largest_first, std::fabs(block.first[i]));
        largest_root = std::max(largest_root, block.root[i]);
    }
}

CT_DISPATCHED void update_block_f32(
    float *w, const float *g, float *master, Block &block, int64_t count,
    const ct::AdamWFactors &f, float &largest_first, float &largest_root) {
    update_values(w, g, master, block, count, f, largest_first, largest_root);
}
CT_DISPATCHED void update_block_bf16(
    uint16_t *w, const uint16_t *g, float *master, Block &block, int64_t count,
    const ct::AdamWFactors &f, float &largest_first, float &largest_root) {
    update_values(w, g, master, block, count, f, largest_first, largest_root);
}

struct StateMemory {
    uint8_t *first, *second;
    float *first_scales, *second_scales;
    uint32_t seed;

    explicit StateMemory(const ct_adamw_8bit_state &state)
        : first(state.first_codes->value.data_ptr<uint8_t>()),
          second(state.second_codes->value.data_ptr<uint8_t>()),
          first_scales(state.first_scales->value.data_ptr<float>()),
          second_scales(state.second_scales->value.data_ptr<float>()), seed(state.seed) {}

    void read(int64_t index, Block &block, int64_t begin, int64_t count) const {
        const auto &with_sign = ct::signed_code().values;
        const auto &without = ct::unsigned_code().values;
        for (int64_t i = 0; i < count; ++i) {
            block.first[i] = with_sign[first[begin + i]] * first_scales[index];
            block.root[i] = without[second[begin + i]] * second_scales[index];
        }
    }

    void write(
        int64_t index, const Block &block, int64_t begin, int64_t count, float largest_first,
        float largest_root) const {
        const float to_first = largest_first > 0 ? 1 / largest_first : 0;
        const float to_root = largest_root > 0 ? 1 / largest_root : 0;
        for (int64_t i = 0; i < count; ++i) {
            const auto [one, other] = draws(seed, begin + i);
            first[begin + i] = ct::signed_code().round(block.first[i] * to_first, one);
            const uint8_t code = ct::unsigned_code().round(block.root[i] * to_root, other);
            // A root that is not 0 must not become 0: the next step would divide by epsilon alone.
            second[begin + i] = code == 0 && block.root[i] > 0 ? 1 : code;
        }
        first_scales[index] = largest_first;
        second_scales[index] = largest_root;
    }
};

/// The same hash as `draws` in 64-bit integers, of which the lower 32 bits count.
at::Tensor mixed(const at::Tensor &x) {
    const auto cut = [](const at::Tensor &value) { return value.bitwise_and(0xFFFFFFFFLL); };
    const auto shifted = [](const at::Tensor &value, int64_t by) {
        return value.bitwise_right_shift(at::Scalar(by));
    };
    at::Tensor y = cut(x.bitwise_xor(shifted(x, 16)) * 0x7feb352dLL);
    y = cut(y.bitwise_xor(shifted(y, 15)) * 0x846ca68bLL);
    return y.bitwise_xor(shifted(y, 16));
}

/// Values [n] of codes and scales.
at::Tensor decoded(const at::Tensor &codes, const at::Tensor &scales, const at::Tensor &code) {
    const at::Tensor spread = scales.repeat_interleave(state_block).narrow(0, 0, codes.numel());
    return code.index_select(0, codes.to(at::kLong)) * spread;
}

void encode(
    const at::Tensor &values, const at::Tensor &draw, const at::Tensor &code, bool is_root,
    at::Tensor codes, at::Tensor scales) {
    const int64_t count = values.numel(), blocks = scales.numel();
    const at::Tensor padded = at::constant_pad_nd(values, {0, blocks * state_block - count});
    scales.copy_(padded.abs().view({blocks, state_block}).amax(1));
    const at::Tensor inverse =
        at::where(scales > 0, scales.reciprocal(), at::zeros({}, scales.options()));
    const at::Tensor x =
        values * inverse.repeat_interleave(state_block).narrow(0, 0, count);
    const at::Tensor lower = (at::bucketize(x, code, false, true) - 1).clamp(0, 255);
    const at::Tensor upper = (lower + 1).clamp_max(255);
    const at::Tensor low = code.index_select(0, lower), high = code.index_select(0, upper);
    const at::Tensor goes_up = (lower < 255).logical_and(draw < (x - low) / (high - low));
    at::Tensor chosen = at::where(goes_up, upper, lower);
    if (is_root) {
        chosen = at::where((values > 0).logical_and(chosen == 0), at::ones_like(chosen), chosen);
    }
    codes.copy_(chosen.to(at::kByte));
}

} // namespace

void ct_dynamic_code(bool is_signed, float *values) {
    const auto &code = is_signed ? ct::signed_code() : ct::unsigned_code();
    std::copy(code.values.begin(), code.values.end(), values);
}

bool ct_adamw_8bit_step_plain(
    ct_tensor *parameter, const ct_tensor *gradient, const ct_adamw_8bit_state *state,
    ct_tensor *master, const ct_adamw_update *update) {
    return ct::perform([&] {
        const c10::NoGradGuard guard;
        const ct::AdamWFactors f(*update);
        at::Tensor target = parameter->value.detach();
        const at::Tensor weight = master ? master->value : target;
        const at::Tensor flat = weight.reshape({-1}).to(at::kFloat);
        const at::Tensor g = gradient->value.reshape({-1}).to(at::kFloat);
        const at::Tensor with_sign = ct::code_tensor(true, g), without = ct::code_tensor(false, g);
        at::Tensor m =
            decoded(state->first_codes->value, state->first_scales->value, with_sign);
        const at::Tensor root =
            decoded(state->second_codes->value, state->second_scales->value, without);
        m = m * f.beta1 + f.rest1 * g;
        const at::Tensor v = root * root * f.beta2 + f.rest2 * g * g;
        const at::Tensor after = flat * f.keep - f.rate * m / (v.sqrt() * f.root + f.epsilon);
        if (master) master->value.copy_(after.view_as(master->value));
        target.copy_(after.view_as(target));
        const at::Tensor index = at::arange(g.numel(), g.options().dtype(at::kLong));
        const at::Tensor bits =
            mixed(index.bitwise_and(0xFFFFFFFFLL).bitwise_xor(int64_t{mixed(state->seed)}));
        const at::Tensor one = bits.bitwise_right_shift(at::Scalar(16)).to(at::kFloat) / 65536;
        const at::Tensor other = bits.bitwise_and(0xFFFF).to(at::kFloat) / 65536;
        encode(
            m, one, with_sign, false, state->first_codes->value, state->first_scales->value);
        encode(
            v.sqrt(), other, without, true, state->second_codes->value,
            state->second_scales->value);
        parameter->value.unsafeGetTensorImpl()->bump_version();
    });
}

bool ct_adamw_8bit_step(
    ct_tensor *parameter, const ct_tensor *gradient, const ct_adamw_8bit_state *state,
    ct_tensor *master, const ct_adamw_update *update) {
    const auto is_host = [](const at::Tensor &tensor, at::ScalarType type) {
        return tensor.is_cpu() && tensor.is_contiguous() && tensor.scalar_type() == type;
    };
    const at::Tensor &w = parameter->value, &g = gradient->value;
    const bool is_f32 = !master && is_host(w, at::kFloat) && is_host(g, at::kFloat);
    const bool is_bf16 = master && is_host(master->value, at::kFloat) && is_host(w, at::kBFloat16)
        && is_host(g, at::kBFloat16);
    if (!is_f32 && !is_bf16) {
        return ct_adamw_8bit_step_plain(parameter, gradient, state, master, update);
    }
    return ct::perform([&] {
        const ct::AdamWFactors f(*update);
        const StateMemory memory(*state);
        const int64_t count = w.numel(), blocks = (count + state_block - 1) / state_block;
        float *copy = master ? master->value.data_ptr<float>() : nullptr;
        void *weights = w.data_ptr();
        const void *gradients = g.const_data_ptr();
        ct::for_each_range(blocks, 64, [&](int64_t first, int64_t last) {
            Block block;
            for (int64_t index = first; index < last; ++index) {
                const int64_t begin = index * state_block;
                const int64_t size = std::min(state_block, count - begin);
                float largest_first, largest_root;
                memory.read(index, block, begin, size);
                if (is_f32) {
                    update_block_f32(
                        static_cast<float *>(weights) + begin,
                        static_cast<const float *>(gradients) + begin, nullptr, block, size, f,
                        largest_first, largest_root);
                } else {
                    update_block_bf16(
                        static_cast<uint16_t *>(weights) + begin,
                        static_cast<const uint16_t *>(gradients) + begin, copy + begin, block,
                        size, f, largest_first, largest_root);
                }
                memory.write(index, block, begin, size, largest_first, largest_root);
            }
        });
        parameter->value.unsafeGetTensorImpl()->bump_version();
    });
}
