#pragma once
// The product of a transposed left operand, as for the gradient of a weight: the inner axis is all rows of a pass,
// and both operands are packed along it. See gemm_tiles.h.
#include "gemm_panels.h"

#ifdef CT_GEMM
namespace ct {
namespace {

CT_GEMM_BEGIN

/// Columns of the left operand that are packed together: a multiple of a tile's rows, and whole vectors.
constexpr int64_t slab_width = 48;
/// Words of the left operand that are packed at one time, 384 KiB. They stay in the second-level cache with a
/// panel of the right operand while all its panels come by.
constexpr int64_t block_words = 96 << 10;
/// Words of the inner axis that are worked through at one time.
constexpr int64_t longest_part = 2048;

/// slab[k][48] of the columns from `a` on, which has `length` rows: one word of each, for bf16 from two rows,
/// the second 0 where there is none; 0 beyond `count`.
template <class Type>
void pack_slab(
    const typename Type::Element *a, int64_t stride, int64_t words, int64_t length, int64_t count,
    uint32_t *slab) {
    // Rows lie far apart, where the processor does not read ahead by itself.
    constexpr int64_t ahead = 32 * Type::per_word;
    for (int64_t k = 0; k < words; ++k) {
        for (int64_t column = 0; column < slab_width; column += lanes) {
            const __mmask16 mask = first(std::max<int64_t>(count - column, 0));
            const auto *from = a + Type::per_word * k * stride + column;
            const auto ask = [&](int64_t row) {
                _mm_prefetch(reinterpret_cast<const char *>(from + row * stride), _MM_HINT_T0);
            };
            ask(ahead);
            __m512i word;
            if constexpr (Type::per_word == 1) {
                word = _mm512_maskz_loadu_epi32(mask, from);
            } else {
                ask(ahead + 1);
                const __m256i low = _mm256_maskz_loadu_epi16(mask, from);
                const __m256i high =
                    _mm256_maskz_loadu_epi16(2 * k + 1 < length ? mask : 0, from + stride);
                word = _mm512_or_si512(
                    _mm512_cvtepu16_epi32(low),
                    _mm512_slli_epi32(_mm512_cvtepu16_epi32(high), 16));
            }
            _mm512_store_si512(slab + k * slab_width + column, word);
        }
    }
}

/// 12 × 32 sums, kept as [12][32] between one part of the inner axis and the next.
struct TileSums {
    __m512 rows[tile_rows][2];

    void clear() {
        for (auto &row : rows) row[0] = row[1] = _mm512_setzero_ps();
    }
    void read(const float *from) {
        for (auto &row : rows) {
            row[0] = _mm512_loadu_ps(from);
            row[1] = _mm512_loadu_ps(from + lanes);
            from += 2 * lanes;
        }
    }
    void write(float *to) const {
        for (const auto &row : rows) {
            _mm512_storeu_ps(to, row[0]);
            _mm512_storeu_ps(to + lanes, row[1]);
            to += 2 * lanes;
        }
    }
};

/// Adds the product of 12 packed columns of the left operand with 32 of the right one.
template <class Type>
void add_tile(const uint32_t *left, const uint32_t *right, int64_t words, TileSums &sums) {
    __m512 sum[tile_rows][2];
    for (int o = 0; o < tile_rows; ++o) {
        sum[o][0] = sums.rows[o][0];
        sum[o][1] = sums.rows[o][1];
    }
#pragma clang loop unroll_count(2)
    for (int64_t k = 0; k < words; ++k, left += slab_width, right += 2 * lanes) {
        const __m512i x0 = _mm512_load_si512(right);
        const __m512i x1 = _mm512_load_si512(right + lanes);
        for (int o = 0; o < tile_rows; ++o) {
            const __m512i y = _mm512_set1_epi32(static_cast<int>(left[o]));
            sum[o][0] = Type::multiply_add(sum[o][0], x0, y);
            sum[o][1] = Type::multiply_add(sum[o][1], x1, y);
        }
    }
    for (int o = 0; o < tile_rows; ++o) {
        sums.rows[o][0] = sum[o][0];
        sums.rows[o][1] = sum[o][1];
    }
}

/// aᵀ · b of [K, M] and [K, N], given to `sink` as `multiply_panels` does.
template <class Type, class Sink>
void multiply_transposed(const Matrix &a, const Matrix &b, const Sink &sink) {
    using Element = typename Type::Element;
    const int64_t rows = a.columns, columns = b.columns, inner = a.rows;
    const int64_t words = (inner + Type::per_word - 1) / Type::per_word;
    const auto *left = static_cast<const Element *>(a.data);
    const auto *right = static_cast<const Element *>(b.data);

    // All of the right operand, once for every block of the left one.
    const int64_t panels = (columns + 2 * lanes - 1) / (2 * lanes);
    const Room packed(panels * words * 2 * lanes);
    for_each_task(panels, [&](int64_t panel) {
        const int64_t column = panel * 2 * lanes;
        pack_columns<Type>(
            right + column, b.stride, words, inner, std::min(2 * lanes, columns - column),
            packed.words + words * column);
    });

    // As many blocks as threads share evenly. The last ones are cut by columns too, at the price of packing their
    // slabs for each part: blocks of one and two slabs by turns would let a thread wait for a third of the work.
    const int64_t slabs = (rows + slab_width - 1) / slab_width;
    const int64_t part_words = std::min(words, longest_part);
    const int64_t most_slabs = std::max<int64_t>(block_words / (part_words * slab_width), 1);
    const int64_t threads = thread_count();
    const int64_t fewest = (slabs + most_slabs - 1) / most_slabs;
    const int64_t blocks = std::min((fewest + threads - 1) / threads * threads, slabs);
    const int64_t whole = std::max<int64_t>(blocks - threads, 0);
    const int64_t parts = threads > 1 ? std::max<int64_t>(2 * threads / blocks, 2) : 1;
    const int64_t most_cuts = std::min(parts, panels);
    for_each_task(whole + (blocks - whole) * most_cuts, [&](int64_t task) {
        const int64_t cuts = task < whole ? 1 : most_cuts;
        const int64_t block = task < whole ? task : whole + (task - whole) / cuts;
        const int64_t cut = task < whole ? 0 : (task - whole) % cuts;
        const int64_t begin = slabs * block / blocks * slab_width;
        const int64_t end = std::min(slabs * (block + 1) / blocks * slab_width, rows);
        const int64_t first_panel = panels * cut / cuts, end_panel = panels * (cut + 1) / cuts;
        const int64_t tiles = (end - begin + tile_rows - 1) / tile_rows;
        static thread_local std::vector<uint32_t> own;
        own.resize(std::max<size_t>(
            own.size(), (end - begin + slab_width) * part_words + lanes));
        uint32_t *const slab = Room::aligned(own.data());
        // [panel][tile][12][32], where the inner axis is worked through in several parts.
        static thread_local std::vector<float> partial;
        constexpr int64_t tile_size = tile_rows * 2 * lanes;
        if (words > longest_part) {
            partial.resize(std::max<size_t>(
                partial.size(), (end_panel - first_panel) * tiles * tile_size));
        }
        for (int64_t k = 0; k < words; k += longest_part) {
            const int64_t part = std::min(longest_part, words - k), row = k * Type::per_word;
            for (int64_t column = begin; column < end; column += slab_width) {
                pack_slab<Type>(
                    left + row * a.stride + column, a.stride, part, inner - row, end - column,
                    slab + (column - begin) * part);
            }
            float *kept = partial.data();
            for (int64_t panel = first_panel; panel < end_panel; ++panel) {
                const int64_t column = panel * 2 * lanes;
                for (int64_t top = begin; top < end; top += tile_rows, kept += tile_size) {
                    TileSums sums;
                    if (k == 0) {
                        sums.clear();
                    } else {
                        sums.read(kept);
                    }
                    const int64_t place = (top - begin) / slab_width * slab_width;
                    add_tile<Type>(
                        slab + place * part + (top - begin - place),
                        packed.words + words * column + k * 2 * lanes, part, sums);
                    if (k + part < words) {
                        sums.write(kept);
                        continue;
                    }
                    give(sink, top, end, column, columns - column, sums.rows);
                }
            }
        }
    });
}

CT_GEMM_END

} // namespace
} // namespace ct
#endif
