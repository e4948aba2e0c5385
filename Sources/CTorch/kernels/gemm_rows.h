#pragma once
// The product of few rows, which are packed while the right operand is read as it lies; see gemm_tiles.h.
#include "gemm_tiles.h"

#ifdef CT_GEMM
namespace ct {
namespace {

CT_GEMM_BEGIN

/// Columns of a result that are collected before they are written: a multiple of all tile widths.
constexpr int64_t group = 48;

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

/// The same product of other operands, `words` 0 for none.
struct LowRankProduct {
    const uint32_t *packed;
    const uint32_t *b;
    int64_t b_stride, words;
};

/// Columns of out = a · bᵀ + bias for up to 64 rows, which stay packed; `b` is read as it lies.
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
    /// Added to the result, which is rounded before and after.
    LowRankProduct addition{};

    /// `fill(column, tile)` makes the sums of O columns from `column` on, none beyond the last column read.
    template <class Type, int R, int O, class Fill>
    void run(int64_t begin, int64_t end, const Fill &fill) const {
        alignas(64) float sums[group * R * lanes];
        alignas(64) float more[O * R * lanes];
        for (int64_t start = begin; start < end; start += group) {
            const int64_t width = std::min(group, end - start);
            for (int64_t o = 0; o < width; o += O) {
                float *const tile = sums + o * R * lanes;
                prepare(start, o, O, width);
                fill(start + o, tile);
                if (addition.words == 0) continue;
                const uint32_t *row[O];
                for (int i = 0; i < O; ++i) {
                    row[i] = addition.b + std::min(start + o + i, columns - 1) * addition.b_stride;
                }
                tile_nt<Type, R, O>(
                    addition.packed, row, addition.words, O * addition.b_stride, more);
                add_rounded<R, O>(start + o, more, tile);
            }
            int64_t o = 0;
            if constexpr (sizeof(Out) == 2) {
                // A bias has been added already where there is an addition.
                const bool has_bias = bias != nullptr && addition.words == 0;
                const bool is_plain = accumulate == Accumulate::no && !has_bias;
                for (; is_plain && o + 2 * lanes <= width; o += 2 * lanes) {
                    flush_pairs<R>(sums + o * R * lanes, start + o);
                }
            }
            for (; o < width; o += lanes) flush<R>(sums, start, o, width - o);
        }
    }

    /// Asks for lines of a group's results, a share of its rows with each `O` of its columns.
    void prepare(int64_t start, int64_t o, int64_t O, int64_t width) const {
        const int64_t first_row = rows * o / width;
        const int64_t end_row = rows * std::min(o + O, width) / width;
        for (int64_t row = first_row; row < end_row; ++row) {
            constexpr uintptr_t line = 64;
            const auto from = reinterpret_cast<uintptr_t>(out + row * out_stride + start);
            const uintptr_t to = from + width * sizeof(Out);
            for (uintptr_t at = from / line * line; at < to; at += line) {
                ask_to_write(reinterpret_cast<const void *>(at));
            }
        }
    }

    /// tile = Out(tile + bias) + more, of O columns from `column` on.
    template <int R, int O>
    void add_rounded(int64_t column, const float *more, float *tile) const {
        for (int o = 0; o < O; ++o) {
            const float offset = bias ? bias[std::min(column + o, columns - 1)] : 0.0f;
            for (int r = 0; r < R; ++r) {
                float *const at = tile + (o * R + r) * lanes;
                const __m512 sum = _mm512_add_ps(_mm512_load_ps(at), _mm512_set1_ps(offset));
                const __m512 kept = rounded<Out>(sum);
                const __m512 added = _mm512_load_ps(more + (o * R + r) * lanes);
                _mm512_store_ps(at, _mm512_add_ps(added, kept));
            }
        }
    }

    /// Writes 16 columns from `o` on of a group.
    template <int R>
    void flush(const float *sums, int64_t start, int64_t o, int64_t count) const {
        const __mmask16 mask = first(count);
        const __m512 offset = bias && addition.words == 0
            ? _mm512_maskz_loadu_ps(mask, bias + start + o)
            : _mm512_setzero_ps();
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
                const __m512 sum = _mm512_add_ps(block[i], base);
                if (count >= lanes) {
                    write(to, sum);
                } else {
                    write(to, sum, mask);
                }
            }
        }
    }

    /// Writes 32 columns from `column` on in bf16 as they are: two columns are one word, so that half as many are
    /// transposed.
    template <int R>
    void flush_pairs(const float *sums, int64_t column) const {
        for (int r = 0; r < R; ++r) {
            __m512 block[16];
            for (int i = 0; i < 16; ++i) {
                const float *const even = sums + (2 * i * R + r) * lanes;
                block[i] = paired(_mm512_load_ps(even), _mm512_load_ps(even + R * lanes));
            }
            transpose(block);
            const int64_t last = std::min<int64_t>(lanes, rows - r * lanes), stride = out_stride;
            Out *const to = out + r * lanes * stride + column;
            for (int64_t i = 0; i < last; ++i) _mm512_storeu_ps(to + i * stride, block[i]);
        }
    }

    template <class Type, int R, int O>
    void run(int64_t begin, int64_t end) const {
        run<Type, R, O>(begin, end, [&](int64_t column, float *tile) {
            const uint32_t *row[O];
            for (int i = 0; i < O; ++i) {
                // Beyond the last column the last is computed again and not written.
                row[i] = b + std::min(column + i, columns - 1) * b_stride;
            }
            tile_nt<Type, R, O>(packed, row, words, O * b_stride, tile);
        });
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

/// Rows of `a` in one block: four vectors.
constexpr int64_t block_rows = 64;

CT_GEMM_END

} // namespace
} // namespace ct
#endif
