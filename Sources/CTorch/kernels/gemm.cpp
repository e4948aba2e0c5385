#include "gemm.h"

#include "parallel.h"

#include <ATen/OpMathType.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <vector>

#if defined(__x86_64__) && defined(__clang__)
#define CT_GEMM 1
#include <immintrin.h>
#endif

namespace ct {

bool gemm_accepts(const at::Tensor &tensor) {
    const bool is_paired = tensor.scalar_type() == at::kBFloat16;
    return tensor.dim() == 2 && tensor.is_cpu() && tensor.stride(1) == 1
        && tensor.stride(0) >= tensor.size(1) && gemm_supports(tensor.scalar_type())
        && (!is_paired || (tensor.size(1) % 2 == 0 && tensor.stride(0) % 2 == 0));
}

#ifndef CT_GEMM

bool gemm_fits_processor() { return false; }
bool gemm_supports(at::ScalarType) { return false; }
void gemm_nt(
    const at::Tensor &, const at::Tensor &, const float *, at::Tensor &, Accumulate) {
    TORCH_CHECK(false, "this processor has no matrix product of ours");
}
void gemm_nn(const at::Tensor &, const at::Tensor &, at::Tensor &, Accumulate) {
    TORCH_CHECK(false, "this processor has no matrix product of ours");
}

void gemm_tn(const at::Tensor &, const at::Tensor &, at::Tensor &) {
    TORCH_CHECK(false, "this processor has no matrix product of ours");
}

#else

namespace {

bool has_amx() {
    unsigned a = 7, b = 0, c = 0, d = 0;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return (d >> 22) & 1;
}

bool is_gainful() {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bf16")
        && __builtin_cpu_is("amd") && !has_amx();
}

#pragma clang attribute push(                                                                      \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma"))),             \
    apply_to = function)

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
/// Columns of a result that are collected before they are written: a multiple of all tile widths.
constexpr int64_t group = 48;

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

inline __mmask16 first(int64_t count) {
    return static_cast<__mmask16>(count >= 16 ? 0xffff : (1u << count) - 1);
}

inline void write(float *to, __m512 values, __mmask16 mask) {
    _mm512_mask_storeu_ps(to, mask, values);
}

inline void write(uint16_t *to, __m512 values, __mmask16 mask) {
    _mm256_mask_storeu_epi16(to, mask, (__m256i)_mm512_cvtneps_pbh(values));
}

inline __m512 read(const float *from, __mmask16 mask) {
    return _mm512_maskz_loadu_ps(mask, from);
}

inline __m512 read(const uint16_t *from, __mmask16 mask) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(
        _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, from)), 16));
}

/// sums[O][R · 16] of O rows of `b` with R · 16 packed rows of a. `ahead` is read soon afterwards.
template <class Type, int R, int O>
void tile_nt(
    const uint32_t *a, const uint32_t *const *b, int64_t words, int64_t ahead, float *sums) {
    __m512 sum[O][R];
    for (int o = 0; o < O; ++o) {
        for (int r = 0; r < R; ++r) sum[o][r] = _mm512_setzero_ps();
    }
    const uint32_t *row[O];
    for (int o = 0; o < O; ++o) row[o] = b[o];
    const auto step = [&](int64_t k) {
        __m512i x[R];
        for (int r = 0; r < R; ++r) x[r] = _mm512_load_si512(a + (k * R + r) * lanes);
        for (int o = 0; o < O; ++o) {
            const __m512i y = _mm512_set1_epi32(static_cast<int>(row[o][k]));
            for (int r = 0; r < R; ++r) sum[o][r] = Type::multiply_add(sum[o][r], x[r], y);
        }
    };
    int64_t k = 0;
    for (; k + 16 <= words; k += 16) {
        // One cache line of each row is used up: ask for the lines of the tile after this one.
        for (int o = 0; o < O; ++o) {
            _mm_prefetch(reinterpret_cast<const char *>(row[o] + k + ahead), _MM_HINT_T0);
        }
#pragma clang loop unroll_count(2)
        for (int64_t i = 0; i < 16; ++i) step(k + i);
    }
    for (; k < words; ++k) step(k);
    for (int o = 0; o < O; ++o) {
        for (int r = 0; r < R; ++r) _mm512_store_ps(sums + (o * R + r) * lanes, sum[o][r]);
    }
}

/// Rows of `a` as vectors: packed[k][row] for up to R · 16 rows, zero beyond the last.
void pack_rows(
    const uint32_t *a, int64_t stride, int64_t rows, int64_t words, int64_t width,
    uint32_t *packed) {
    for (int64_t r = 0; r < width; r += lanes) {
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

template <class Out>
struct ProductNT {
    const uint32_t *packed; // one block of rows
    int64_t rows;
    const uint32_t *b;
    int64_t b_stride, words, columns;
    const float *bias;
    Out *out;
    int64_t out_stride;
    Accumulate accumulate;

    template <class Type, int R, int O>
    void run(int64_t begin, int64_t end) const {
        alignas(64) float sums[group * R * lanes];
        for (int64_t start = begin; start < end; start += group) {
            const int64_t width = std::min(group, end - start);
            for (int64_t o = 0; o < width; o += O) {
                const uint32_t *row[O];
                for (int i = 0; i < O; ++i) {
                    // Beyond the last column the last is computed again and not written.
                    row[i] = b + std::min(start + o + i, columns - 1) * b_stride;
                }
                tile_nt<Type, R, O>(packed, row, words, O * b_stride, sums + o * R * lanes);
            }
            for (int64_t o = 0; o < width; o += lanes) flush<R>(sums, start, o, width - o);
        }
    }

    /// Writes 16 columns from `o` on of a group.
    template <int R>
    void flush(const float *sums, int64_t start, int64_t o, int64_t count) const {
        const __mmask16 mask = first(count);
        const __m512 offset =
            bias ? _mm512_maskz_loadu_ps(mask, bias + start + o) : _mm512_setzero_ps();
        for (int r = 0; r < R; ++r) {
            __m512 block[16];
            for (int i = 0; i < 16; ++i) {
                block[i] = _mm512_load_ps(sums + ((o + i) * R + r) * lanes);
            }
            transpose(block);
            const int64_t last = std::min<int64_t>(lanes, rows - r * lanes);
            for (int64_t i = 0; i < last; ++i) {
                Out *to = out + (r * lanes + i) * out_stride + start + o;
                const __m512 base = accumulate == Accumulate::yes ? read(to, mask) : offset;
                write(to, _mm512_add_ps(block[i], base), mask);
            }
        }
    }

    template <class Type>
    void run(int64_t begin, int64_t end) const {
        switch ((rows + lanes - 1) / lanes) {
            case 1: return run<Type, 1, 16>(begin, end);
            case 2: return run<Type, 2, 12>(begin, end);
            case 3: return run<Type, 3, 8>(begin, end);
            default: return run<Type, 4, 6>(begin, end);
        }
    }
};

/// Memory for `words` words that starts at a cache line.
struct Room {
    at::Tensor buffer;
    uint32_t *words;

    explicit Room(int64_t count)
        : buffer(at::empty({count * 4 + 64}, at::TensorOptions().dtype(at::kByte))),
          words(reinterpret_cast<uint32_t *>(
              (reinterpret_cast<uintptr_t>(buffer.data_ptr()) + 63) & ~uintptr_t{63})) {}
};

/// Rows of `a` in one block: four vectors.
constexpr int64_t block_rows = 64;

template <class Type, class Out>
void multiply_nt(
    const at::Tensor &a, const at::Tensor &b, const float *bias, at::Tensor &out,
    Accumulate accumulate) {
    const int64_t rows = a.size(0), columns = b.size(0);
    const int64_t words = a.size(1) / Type::per_word;
    const int64_t blocks = (rows + block_rows - 1) / block_rows;
    const auto padded = [](int64_t count) { return (count + lanes - 1) / lanes * lanes; };
    // Blocks lie one after another; all are full but the last.
    const Room room(padded(rows) * words);
    uint32_t *const packed = room.words;
    const auto *words_a = static_cast<const uint32_t *>(a.const_data_ptr());
    const auto *words_b = static_cast<const uint32_t *>(b.const_data_ptr());
    const int64_t stride_a = a.stride(0) / Type::per_word, stride_b = b.stride(0) / Type::per_word;
    const auto pack = [&](int64_t block) {
        const int64_t start = block * block_rows;
        const int64_t count = std::min(block_rows, rows - start);
        pack_rows(
            words_a + start * stride_a, stride_a, count, words, padded(count),
            packed + start * words);
    };
    if (rows * words < 16384) {
        for (int64_t block = 0; block < blocks; ++block) pack(block);
    } else {
        for_each_task(blocks, pack);
    }
    // Chunks small enough to share among threads, large enough to be worth a turn.
    const int64_t chunk = columns * words * std::min(rows, block_rows) < (1 << 20)
        ? columns
        : std::clamp<int64_t>(columns / 16 / group * group, group, 10 * group);
    const int64_t chunks = (columns + chunk - 1) / chunk;
    auto *results = static_cast<Out *>(out.data_ptr());
    for_each_task(blocks * chunks, [&](int64_t task) {
        const int64_t start = task / chunks * block_rows;
        const int64_t begin = task % chunks * chunk;
        const ProductNT<Out> product{
            packed + start * words,
            std::min(block_rows, rows - start),
            words_b,
            stride_b,
            words,
            columns,
            bias,
            results + start * out.stride(0),
            out.stride(0),
            accumulate};
        product.template run<Type>(begin, std::min(begin + chunk, columns));
    });
}

/// 12 × 32 results: rows of `a`, their words `step` apart, and two vectors of packed columns of b.
template <class Type, int O, int64_t step>
void tile_nn(
    const uint32_t *const *a, const uint32_t *panel, int64_t words, __m512 (&sums)[O][2]) {
    const uint32_t *row[O];
    __m512 sum[O][2];
    for (int o = 0; o < O; ++o) {
        row[o] = a[o];
        sum[o][0] = sums[o][0];
        sum[o][1] = sums[o][1];
    }
#pragma clang loop unroll_count(2)
    for (int64_t k = 0; k < words; ++k) {
        const __m512i x0 = _mm512_load_si512(panel + k * 32);
        const __m512i x1 = _mm512_load_si512(panel + k * 32 + 16);
        for (int o = 0; o < O; ++o) {
            const __m512i y = _mm512_set1_epi32(static_cast<int>(row[o][k * step]));
            sum[o][0] = Type::multiply_add(sum[o][0], x0, y);
            sum[o][1] = Type::multiply_add(sum[o][1], x1, y);
        }
    }
    for (int o = 0; o < O; ++o) {
        sums[o][0] = sum[o][0];
        sums[o][1] = sum[o][1];
    }
}

/// panel[k][32] of the columns from `b` on, which has `length` rows: one word of each, for bf16 from
/// two rows, the second 0 where there is none.
template <class Type>
void pack_columns(
    const typename Type::Element *b, int64_t stride, int64_t words, int64_t length, int64_t count,
    uint32_t *panel) {
    if constexpr (Type::per_word == 1) {
        for (int64_t k = 0; k < words; ++k) {
            for (int half = 0; half < 2; ++half) {
                const __mmask16 mask = first(std::max<int64_t>(count - half * 16, 0));
                _mm512_store_si512(
                    panel + k * 32 + half * 16,
                    _mm512_maskz_loadu_epi32(mask, b + k * stride + half * 16));
            }
        }
    } else {
        const __mmask32 mask = static_cast<__mmask32>(count >= 32 ? ~0u : (1u << count) - 1);
        for (int64_t k = 0; k < words; ++k) {
            const __m512i even = _mm512_maskz_loadu_epi16(mask, b + 2 * k * stride);
            const __m512i odd = _mm512_maskz_loadu_epi16(
                2 * k + 1 < length ? mask : 0, b + (2 * k + 1) * stride);
            const auto half = [&](__m256i low, __m256i high) {
                return _mm512_or_si512(
                    _mm512_cvtepu16_epi32(low),
                    _mm512_slli_epi32(_mm512_cvtepu16_epi32(high), 16));
            };
            _mm512_store_si512(
                panel + k * 32,
                half(_mm512_castsi512_si256(even), _mm512_castsi512_si256(odd)));
            _mm512_store_si512(
                panel + k * 32 + 16,
                half(_mm512_extracti64x4_epi64(even, 1), _mm512_extracti64x4_epi64(odd, 1)));
        }
    }
}

/// Columns of a transposed left operand that are packed together: a multiple of a tile's rows.
constexpr int64_t left_width = 48;

/// panel[k][48] of the columns from `a` on, as `pack_columns` makes them of 32; 0 beyond `count`.
template <class Type>
void pack_left(
    const typename Type::Element *a, int64_t stride, int64_t words, int64_t length, int64_t count,
    uint32_t *panel) {
    for (int64_t k = 0; k < words; ++k) {
        for (int64_t column = 0; column < left_width; column += lanes) {
            const __mmask16 mask = first(std::max<int64_t>(count - column, 0));
            __m512i word;
            if constexpr (Type::per_word == 1) {
                word = _mm512_maskz_loadu_epi32(mask, a + k * stride + column);
            } else {
                const auto *even = a + 2 * k * stride + column;
                const __m256i low = _mm256_maskz_loadu_epi16(mask, even);
                const __m256i high =
                    _mm256_maskz_loadu_epi16(2 * k + 1 < length ? mask : 0, even + stride);
                word = _mm512_or_si512(
                    _mm512_cvtepu16_epi32(low),
                    _mm512_slli_epi32(_mm512_cvtepu16_epi32(high), 16));
            }
            _mm512_store_si512(panel + k * left_width + column, word);
        }
    }
}

/// Words of the inner axis that a panel covers: 128 KiB, which stays in the second-level cache.
constexpr int64_t panel_words = 1024;

/// How the right operand lies: [K, N], or [N, K] and to be transposed.
enum class Right { plain, transposed };
/// How the left operand lies: [M, K], or [K, M] and to be transposed.
enum class Left { plain, transposed };

template <class Type, class Out, Right right, Left left = Left::plain>
void multiply_panels(
    const at::Tensor &a, const at::Tensor &b, const float *bias, at::Tensor &out,
    Accumulate accumulate) {
    constexpr int O = 12;
    static_assert(left_width % O == 0);
    const int64_t rows = left == Left::plain ? a.size(0) : a.size(1);
    const int64_t inner = left == Left::plain ? a.size(1) : a.size(0);
    const int64_t columns = right == Right::plain ? b.size(1) : b.size(0);
    const int64_t words = (inner + Type::per_word - 1) / Type::per_word;
    const auto *words_a = static_cast<const uint32_t *>(a.const_data_ptr());
    const int64_t left_panels = (rows + left_width - 1) / left_width;
    const Room packed(left == Left::plain ? 0 : left_panels * words * left_width);
    if constexpr (left == Left::transposed) {
        const auto *elements = static_cast<const typename Type::Element *>(a.const_data_ptr());
        for_each_task(left_panels, [&](int64_t panel) {
            pack_left<Type>(
                elements + panel * left_width, a.stride(0), words, inner,
                rows - panel * left_width, packed.words + panel * words * left_width);
        });
    }
    const auto *elements_b = static_cast<const typename Type::Element *>(b.const_data_ptr());
    const int64_t stride_a = a.stride(0) / Type::per_word;
    auto *results = static_cast<Out *>(out.data_ptr());
    const int64_t panels = (columns + 31) / 32;
    // Tall products are also cut by rows, so that few panels still occupy all threads.
    const int64_t row_parts = std::clamp<int64_t>(rows / 512, 1, std::max<int64_t>(8 / panels, 1));
    const int64_t row_share = ((rows + row_parts - 1) / row_parts + O - 1) / O * O;
    for_each_task(panels * row_parts, [&](int64_t task) {
        const int64_t column = task % panels * 32;
        const int64_t count = std::min<int64_t>(32, columns - column);
        const int64_t begin = task / panels * row_share;
        const int64_t end = std::min(begin + row_share, rows);
        alignas(64) static thread_local uint32_t panel[panel_words * 32];
        const __mmask16 low = first(count), high = first(std::max<int64_t>(count - 16, 0));
        // A long inner axis is worked through in parts; the sums between them are kept in f32.
        static thread_local std::vector<float> partial;
        const bool is_split = words > panel_words;
        if (is_split) partial.assign(std::max<int64_t>(end - begin, 0) * 32, 0);
        for (int64_t k = 0; k < words; k += panel_words) {
            const int64_t part = std::min(panel_words, words - k);
            const bool is_last = k + part == words;
            if constexpr (right == Right::plain) {
                pack_columns<Type>(
                    elements_b + k * Type::per_word * b.stride(0) + column, b.stride(0), part,
                    b.size(0) - k * Type::per_word, count, panel);
            } else {
                const int64_t stride = b.stride(0) / Type::per_word;
                pack_rows(
                    reinterpret_cast<const uint32_t *>(elements_b) + column * stride + k, stride,
                    count, part, 32, panel);
            }
            for (int64_t r = begin; r < end; r += O) {
                const uint32_t *row[O];
                __m512 sum[O][2];
                for (int o = 0; o < O; ++o) {
                    if constexpr (left == Left::plain) {
                        row[o] = words_a + std::min(r + o, end - 1) * stride_a + k;
                    } else {
                        row[o] = packed.words + (r / left_width * words + k) * left_width
                            + r % left_width + o;
                    }
                    const bool is_kept = is_split && r + o < end;
                    const float *from = is_kept ? &partial[(r + o - begin) * 32] : nullptr;
                    sum[o][0] = is_kept ? _mm512_loadu_ps(from) : _mm512_setzero_ps();
                    sum[o][1] = is_kept ? _mm512_loadu_ps(from + 16) : _mm512_setzero_ps();
                }
                tile_nn<Type, O, left == Left::plain ? 1 : left_width>(row, panel, part, sum);
                for (int o = 0; o < O && r + o < end; ++o) {
                    if (!is_last) {
                        float *to = &partial[(r + o - begin) * 32];
                        _mm512_storeu_ps(to, sum[o][0]);
                        _mm512_storeu_ps(to + 16, sum[o][1]);
                        continue;
                    }
                    Out *to = results + (r + o) * out.stride(0) + column;
                    if (bias) {
                        const float *from = bias + column;
                        sum[o][0] = _mm512_add_ps(sum[o][0], _mm512_maskz_loadu_ps(low, from));
                        sum[o][1] =
                            _mm512_add_ps(sum[o][1], _mm512_maskz_loadu_ps(high, from + 16));
                    }
                    if (accumulate == Accumulate::yes) {
                        sum[o][0] = _mm512_add_ps(sum[o][0], read(to, low));
                        sum[o][1] = _mm512_add_ps(sum[o][1], read(to + 16, high));
                    }
                    write(to, sum[o][0], low);
                    write(to + 16, sum[o][1], high);
                }
            }
        }
    });
}

template <class Type, class Out>
void multiply(
    const at::Tensor &a, const at::Tensor &b, const float *bias, at::Tensor &out,
    Accumulate accumulate) {
    // Packing the right operand pays once its panels are used for enough rows.
    if (a.size(0) <= block_rows) {
        multiply_nt<Type, Out>(a, b, bias, out, accumulate);
    } else {
        multiply_panels<Type, Out, Right::transposed>(a, b, bias, out, accumulate);
    }
}

#pragma clang attribute pop

/// Whether `product` is left · right (`[M, K]` and `[K, N]`) as far as its type can tell. Elements are
/// small whole numbers, whose sums all types here hold exactly.
bool is_product(const at::Tensor &product, const at::Tensor &left, const at::Tensor &right) {
    const at::Tensor found = product.to(at::kFloat);
    const at::Tensor a = left.to(at::kFloat).contiguous(), b = right.to(at::kFloat).contiguous();
    const int64_t rows = a.size(0), inner = a.size(1), columns = b.size(1);
    const float *x = a.const_data_ptr<float>(), *y = b.const_data_ptr<float>();
    for (int64_t i = 0; i < rows; ++i) {
        for (int64_t j = 0; j < columns; ++j) {
            float sum = 0;
            for (int64_t k = 0; k < inner; ++k) sum += x[i * inner + k] * y[k * columns + j];
            if (found.const_data_ptr<float>()[i * columns + j] != sum) return false;
        }
    }
    return true;
}

/// A small product of each kind, with rows, columns and a length that fill no tile.
bool agree_with_loops() {
    const auto whole = [](int64_t rows, int64_t columns, at::ScalarType type) {
        at::Tensor made = at::empty({rows, columns}, at::kFloat);
        for (int64_t i = 0; i < made.numel(); ++i) {
            made.data_ptr<float>()[i] = static_cast<float>((i * 7 + i / 5) % 3 - 1);
        }
        return made.to(type);
    };
    for (const auto type : {at::kBFloat16, at::kFloat}) {
        for (const int64_t rows : {int64_t{5}, int64_t{67}}) {
            const at::Tensor a = whole(rows, 38, type), b = whole(51, 38, type);
            at::Tensor out = at::empty({rows, 51}, a.options());
            gemm_nt(a, b, nullptr, out);
            if (!is_product(out, a, b.t())) return false;
            const at::Tensor c = whole(38, 51, type);
            gemm_nn(a, c, out);
            if (!is_product(out, a, c)) return false;
            const at::Tensor d = whole(rows, 51, type);
            at::Tensor small = at::empty({38, 51}, a.options());
            gemm_tn(a, d, small);
            if (!is_product(small, a.t(), d)) return false;
        }
    }
    return true;
}

} // namespace

bool gemm_fits_processor() {
    static const bool fits = is_gainful();
    return fits;
}

bool gemm_supports(at::ScalarType type) {
    if (!gemm_fits_processor()) return false;
    static const bool is_right = [] {
        if (agree_with_loops()) return true;
        TORCH_WARN("this processor's bf16 or f32 products are wrong; libtorch computes them instead");
        at::set_num_threads(thread_count());
        return false;
    }();
    return is_right && (type == at::kBFloat16 || type == at::kFloat);
}

void gemm_nt(
    const at::Tensor &a, const at::Tensor &b, const float *bias, at::Tensor &out,
    Accumulate accumulate) {
    TORCH_INTERNAL_ASSERT(a.size(1) == b.size(1) && out.size(0) == a.size(0));
    if (a.size(0) == 0 || b.size(0) == 0) return;
    if (a.scalar_type() == at::kFloat) {
        multiply<F32, float>(a, b, bias, out, accumulate);
    } else if (out.scalar_type() == at::kFloat) {
        multiply<BF16, float>(a, b, bias, out, accumulate);
    } else {
        multiply<BF16, uint16_t>(a, b, bias, out, accumulate);
    }
}

void gemm_nn(const at::Tensor &a, const at::Tensor &b, at::Tensor &out, Accumulate accumulate) {
    TORCH_INTERNAL_ASSERT(a.size(1) == b.size(0) && out.size(1) == b.size(1));
    if (a.size(0) == 0 || b.size(1) == 0) return;
    if (a.scalar_type() == at::kFloat) {
        multiply_panels<F32, float, Right::plain>(a, b, nullptr, out, accumulate);
    } else if (out.scalar_type() == at::kFloat) {
        multiply_panels<BF16, float, Right::plain>(a, b, nullptr, out, accumulate);
    } else {
        multiply_panels<BF16, uint16_t, Right::plain>(a, b, nullptr, out, accumulate);
    }
}

void gemm_tn(const at::Tensor &a, const at::Tensor &b, at::Tensor &out) {
    TORCH_INTERNAL_ASSERT(a.size(0) == b.size(0) && out.size(1) == b.size(1));
    if (a.size(1) == 0 || b.size(1) == 0) return;
    constexpr auto no = Accumulate::no;
    if (a.scalar_type() == at::kFloat) {
        multiply_panels<F32, float, Right::plain, Left::transposed>(a, b, nullptr, out, no);
    } else if (out.scalar_type() == at::kFloat) {
        multiply_panels<BF16, float, Right::plain, Left::transposed>(a, b, nullptr, out, no);
    } else {
        multiply_panels<BF16, uint16_t, Right::plain, Left::transposed>(a, b, nullptr, out, no);
    }
}

#endif

} // namespace ct
