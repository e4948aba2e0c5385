#pragma once
#include <bit>
#include <cstdint>

/// A function compiled for several instruction sets, the best chosen when the program starts. What
/// it calls must be `CT_INLINE`, or it would be compiled for the least of them.
#if defined(__x86_64__) && defined(__linux__)
#define CT_DISPATCHED                                                                              \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CT_DISPATCHED
#endif
#define CT_INLINE inline __attribute__((always_inline))

namespace ct {

/// A bf16 number is the upper half of the f32 with the same value.
CT_INLINE float widen(uint16_t value) {
    return std::bit_cast<float>(static_cast<uint32_t>(value) << 16);
}

/// To the nearest bf16, halves to even; NaN stays NaN.
CT_INLINE uint16_t narrow(float value) {
    const uint32_t bits = std::bit_cast<uint32_t>(value);
    const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    const uint32_t quiet = (bits >> 16) | 0x40;
    return static_cast<uint16_t>((bits & 0x7fffffff) > 0x7f800000 ? quiet : rounded);
}

CT_INLINE float load(const float *p) { return *p; }
CT_INLINE float load(const uint16_t *p) { return widen(*p); }
CT_INLINE void store(float *p, float value) { *p = value; }
CT_INLINE void store(uint16_t *p, float value) { *p = narrow(value); }

/// √x. std::sqrt may have to set errno, so that loops with it stay scalar.
CT_INLINE float root(float x) { return __builtin_elementwise_sqrt(x); }

/// e^x within 2 ulp for x in [-87, 88]; 0 below and e^88 above. No branches, so loops vectorise.
CT_INLINE float exponential(float x) {
    const float clamped = x > 88.0f ? 88.0f : (x < -87.0f ? -87.0f : x);
    // x = n ln 2 + r with |r| ≤ ln 2 / 2; adding 1.5 · 2^23 rounds n to a whole number.
    const float shifted = clamped * 1.44269504f + 12582912.0f;
    const float n = shifted - 12582912.0f;
    const float r = (clamped - n * 0.693359375f) - n * -2.12194440e-4f;
    // The degree-5 minimax polynomial of the Cephes library for (e^r - 1 - r) / r².
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    const float mantissa = p * r * r + r + 1.0f;
    const int32_t exponent = std::bit_cast<int32_t>(shifted) - std::bit_cast<int32_t>(12582912.0f);
    const float scale = std::bit_cast<float>(static_cast<uint32_t>(exponent + 127) << 23);
    return x < -87.0f ? 0.0f : mantissa * scale;
}

} // namespace ct
