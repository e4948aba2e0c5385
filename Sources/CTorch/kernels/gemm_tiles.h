#pragma once
// Parts of the matrix products of `gemm.h`: numbers as words of 32 bits, and rows packed into vectors.
// Only for processors that `gemm_fits_processor` names.
#include "gemm.h"
#include "instruction_set.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#if defined(__x86_64__) && defined(__clang__)
#define CT_GEMM 1
#include <immintrin.h>

#define CT_GEMM_BEGIN                                                                              \
    CT_PRAGMA(clang attribute push(                                                                \
        __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma"))),         \
        apply_to = function))
#define CT_GEMM_END CT_PRAGMA(clang attribute pop)

namespace ct {
namespace {

CT_GEMM_BEGIN

// Both types are handled as words of 32 bits along the inner axis: one f32, or two bf16 numbers that
// one instruction multiplies and adds.
struct F32 {
    using Element = float;
    static constexpr int64_t per_word = 1;
    static __m512 multiply_add(__m512 sum, __m512i a, __m512i b) {
        return _mm512_fmadd_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b), sum);
    }
};

struct BF16 {
    using Element = uint16_t;
    static constexpr int64_t per_word = 2;
    static __m512 multiply_add(__m512 sum, __m512i a, __m512i b) {
        return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b);
    }
};

/// Rows that one vector holds.
constexpr int64_t lanes = 16;

/// A 16 × 16 transpose of words in registers.
inline void transpose(__m512 *rows) {
    __m512 t[16];
    for (int i = 0; i < 8; ++i) {
        t[2 * i] = _mm512_unpacklo_ps(rows[2 * i], rows[2 * i + 1]);
        t[2 * i + 1] = _mm512_unpackhi_ps(rows[2 * i], rows[2 * i + 1]);
    }
    for (int i = 0; i < 4; ++i) {
        const auto d = [&](int j) { return _mm512_castps_pd(t[4 * i + j]); };
        rows[4 * i] = _mm512_castpd_ps(_mm512_unpacklo_pd(d(0), d(2)));
        rows[4 * i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(d(0), d(2)));
        rows[4 * i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(d(1), d(3)));
        rows[4 * i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(d(1), d(3)));
    }
    for (int i = 0; i < 4; ++i) {
        t[i] = _mm512_shuffle_f32x4(rows[i], rows[i + 4], 0x88);
        t[i + 4] = _mm512_shuffle_f32x4(rows[i], rows[i + 4], 0xdd);
        t[i + 8] = _mm512_shuffle_f32x4(rows[i + 8], rows[i + 12], 0x88);
        t[i + 12] = _mm512_shuffle_f32x4(rows[i + 8], rows[i + 12], 0xdd);
    }
    for (int i = 0; i < 4; ++i) {
        rows[i] = _mm512_shuffle_f32x4(t[i], t[i + 8], 0x88);
        rows[i + 8] = _mm512_shuffle_f32x4(t[i], t[i + 8], 0xdd);
        rows[i + 4] = _mm512_shuffle_f32x4(t[i + 4], t[i + 12], 0x88);
        rows[i + 12] = _mm512_shuffle_f32x4(t[i + 4], t[i + 12], 0xdd);
    }
}

/// Which of 32 numbers come where so that the first and the second 16 take turns.
struct alignas(64) TakingTurns {
    uint16_t places[2 * lanes];

    constexpr TakingTurns() : places{} {
        for (int64_t i = 0; i < 2 * lanes; ++i) {
            places[i] = static_cast<uint16_t>(i / 2 + i % 2 * lanes);
        }
    }
};

/// Words of two bf16 numbers, the first one from `even`.
inline __m512 paired(__m512 even, __m512 odd) {
    static constexpr TakingTurns order;
    const __m512i both = (__m512i)_mm512_cvtne2ps_pbh(odd, even);
    return _mm512_castsi512_ps(
        _mm512_permutexvar_epi16(_mm512_load_si512(order.places), both));
}

inline __mmask16 first(int64_t count) {
    return static_cast<__mmask16>(count >= 16 ? 0xffff : (1u << count) - 1);
}

inline void write(float *to, __m512 values, __mmask16 mask) {
    _mm512_mask_storeu_ps(to, mask, values);
}

inline void write(uint16_t *to, __m512 values, __mmask16 mask) {
    _mm256_mask_storeu_epi16(to, mask, (__m256i)_mm512_cvtneps_pbh(values));
}

inline void write(float *to, __m512 values) { _mm512_storeu_ps(to, values); }

inline void write(uint16_t *to, __m512 values) {
    _mm256_storeu_si256(
        reinterpret_cast<__m256i *>(to), (__m256i)_mm512_cvtneps_pbh(values));
}

inline __m512 read(const float *from, __mmask16 mask) {
    return _mm512_maskz_loadu_ps(mask, from);
}

inline __m512 read(const uint16_t *from, __mmask16 mask) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(
        _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, from)), 16));
}

/// As the element type holds it.
template <class Out>
inline __m512 rounded(__m512 values) {
    if constexpr (sizeof(Out) == 4) return values;
    return _mm512_castsi512_ps(
        _mm512_slli_epi32(_mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(values)), 16));
}

/// Which of two vectors' lanes are columns of a result.
struct SomeColumns {
    __mmask16 low, high;

    explicit SomeColumns(int64_t count)
        : low(first(count)), high(first(std::max<int64_t>(count - lanes, 0))) {}

    template <class Out>
    void write(Out *to, __m512 left, __m512 right) const {
        ct::write(to, left, low);
        ct::write(to + lanes, right, high);
    }
};

/// All of them, stored without a mask: under one, be it of all lanes, products took a sixth to a quarter longer
/// where rows of the result lie 4 KiB apart.
struct AllColumns {
    static constexpr __mmask16 low = 0xffff, high = 0xffff;

    static void write(float *to, __m512 left, __m512 right) {
        _mm512_storeu_ps(to, left);
        _mm512_storeu_ps(to + lanes, right);
    }
    /// One store for both: a whole line, where the result begins at one.
    static void write(uint16_t *to, __m512 left, __m512 right) {
        const auto half = [](__m512 x) { return (__m256i)_mm512_cvtneps_pbh(x); };
        _mm512_storeu_si512(
            to,
            _mm512_inserti64x4(_mm512_castsi256_si512(half(left)), half(right), 1));
    }
};

/// Rows of `a` as vectors: packed[k][row] for `padded` rows, a multiple of 16, zero beyond the last. Those of
/// one k are `width` apart from those of the next.
inline void pack_rows(
    const uint32_t *a, int64_t stride, int64_t rows, int64_t words, int64_t padded, int64_t width,
    uint32_t *packed) {
    for (int64_t r = 0; r < padded; r += lanes) {
        for (int64_t k = 0; k < words; k += lanes) {
            const __mmask16 mask = first(words - k);
            __m512 block[16];
            for (int64_t i = 0; i < lanes; ++i) {
                block[i] = r + i < rows
                    ? _mm512_castsi512_ps(
                          _mm512_maskz_loadu_epi32(mask, a + (r + i) * stride + k))
                    : _mm512_setzero_ps();
            }
            transpose(block);
            const int64_t count = std::min(lanes, words - k);
            for (int64_t i = 0; i < count; ++i) {
                _mm512_store_ps(
                    reinterpret_cast<float *>(packed + (k + i) * width + r), block[i]);
            }
        }
    }
}

/// Memory for `words` words that starts at a cache line. Little of it is the thread's own and stays: a
/// thread has one at a time.
struct Room {
    at::Tensor buffer;
    uint32_t *words;

    explicit Room(int64_t count) {
        constexpr int64_t kept = 1 << 16;
        static thread_local std::vector<uint32_t> own;
        if (count == 0) {
            words = nullptr;
            return;
        }
        if (count <= kept) {
            if (own.empty()) own.resize(kept + 16);
            words = aligned(own.data());
            return;
        }
        buffer = at::empty({count * 4 + 64}, at::TensorOptions().dtype(at::kByte));
        words = aligned(buffer.data_ptr());
    }

    static uint32_t *aligned(void *start) {
        return reinterpret_cast<uint32_t *>(
            (reinterpret_cast<uintptr_t>(start) + 63) & ~uintptr_t{63});
    }
};

CT_GEMM_END

} // namespace
} // namespace ct
#endif
