#pragma once
// The product of many rows: the right operand is packed by 32 columns.
// What becomes of the sums is up to a sink. See gemm_tiles.h.
#include "gemm_tiles.h"
#include "parallel.h"

#ifdef CT_GEMM
namespace ct {
namespace {

CT_GEMM_BEGIN

/// 12 × 32 results: rows of `a`, and two vectors of packed columns of b.
template <class Type, int O>
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
            const __m512i y = _mm512_set1_epi32(static_cast<int>(row[o][k]));
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
    // Rows lie far apart, where the processor does not read ahead by itself.
    constexpr int64_t ahead = 8 * Type::per_word;
    const auto ask = [&](int64_t row) {
        const auto *from = reinterpret_cast<const char *>(b + (row + ahead) * stride);
        _mm_prefetch(from, _MM_HINT_T0);
        if constexpr (Type::per_word == 1) _mm_prefetch(from + 64, _MM_HINT_T0);
    };
    if constexpr (Type::per_word == 1) {
        for (int64_t k = 0; k < words; ++k) {
            ask(k);
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
            ask(2 * k);
            ask(2 * k + 1);
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

/// Words of the inner axis that are worked through at one time: 128 KiB of a panel, which stay in the
/// second-level cache.
constexpr int64_t panel_words = 1024;
/// Words of panels that are packed together, 2 MiB: the left operand is read from memory once for each such
/// group, and a group is read, from a cache, once for each block of rows.
constexpr int64_t group_words = 512 << 10;
/// Words of a block of rows of the left operand, which all panels of a group meet before the next: 512 KiB, which
/// stay in the second-level cache too.
constexpr int64_t row_block_words = 128 << 10;

/// How the right operand lies: [K, N], or [N, K] and to be transposed, or two of these, one below the other.
enum class Right { plain, transposed, joined };

/// Gives the results of a tile to `sink`, row by row, those before `end`.
template <int O, class Sink>
void give(
    const Sink &sink, int64_t row, int64_t end, int64_t column, int64_t count,
    const __m512 (&sums)[O][2]) {
    if (row + O <= end && count >= 2 * lanes) {
        if constexpr (Sink::only_stores) {
            // From registers: sums that the stack keeps are slow to read back while stores wait for lines at the
            // same place of their pages.
#pragma clang loop unroll(full)
            for (int o = 0; o < O; ++o) sink(row + o, column, sums[o], AllColumns{});
        } else {
            for (int o = 0; o < O; ++o) sink(row + o, column, sums[o], AllColumns{});
        }
    } else {
        const SomeColumns columns(count);
        for (int o = 0; o < O && row + o < end; ++o) sink(row + o, column, sums[o], columns);
    }
}

/// Calls `sink(row, column, sums, columns)` with each 32 columns of each row of the product: two vectors, and
/// which of their lanes are columns, `SomeColumns` or `AllColumns`. With `Right::joined` b is [2 N, K], and the
/// vectors are the same 16 columns of the product with either half; N must be a multiple of 16. A sink with
/// `only_stores` is told of each row before, with `prepare(row, column)`.
template <class Type, Right right, class Sink>
void multiply_panels(const Matrix &a, const Matrix &b, const Sink &sink) {
    constexpr int O = 12;
    constexpr int64_t width = 2 * lanes;
    const int64_t rows = a.rows, inner = a.columns;
    const int64_t columns = right == Right::plain ? b.columns
        : right == Right::joined                  ? b.rows / 2
                                                  : b.rows;
    constexpr int64_t panel_columns = right == Right::joined ? lanes : width;
    const int64_t words = (inner + Type::per_word - 1) / Type::per_word;
    const auto *words_a = static_cast<const uint32_t *>(a.data);
    const auto *elements_b = static_cast<const typename Type::Element *>(b.data);
    const int64_t stride_a = a.stride / Type::per_word;
    const int64_t panels = (columns + panel_columns - 1) / panel_columns;
    const int64_t panel_size = words * width;
    const int64_t group =
        std::clamp<int64_t>(group_words / std::max<int64_t>(panel_size, 1), 1, panels);
    // As many tasks as occupy all threads to the end, of at least four tiles.
    const int64_t cached = row_block_words / std::max<int64_t>(words, 1);
    const int64_t shared = rows * group / (12 * thread_count());
    const int64_t block = std::max<int64_t>(std::min(cached, shared) / O, 4) * O;
    const int64_t blocks = (rows + block - 1) / block;
    const Room packed(group * panel_size);
    const auto columns_of = [&](int64_t panel) {
        return std::min<int64_t>(panel_columns, columns - panel * panel_columns);
    };
    const auto pack = [&](int64_t panel, uint32_t *to) {
        const int64_t column = panel * panel_columns;
        if constexpr (right == Right::plain) {
            pack_columns<Type>(
                elements_b + column, b.stride, words, b.rows, columns_of(panel), to);
        } else {
            const int64_t stride = b.stride / Type::per_word;
            const auto *from = reinterpret_cast<const uint32_t *>(elements_b) + column * stride;
            if constexpr (right == Right::joined) {
                pack_rows(from, stride, lanes, words, lanes, width, to);
                pack_rows(from + columns * stride, stride, lanes, words, lanes, width, to + lanes);
            } else {
                pack_rows(from, stride, columns_of(panel), words, width, width, to);
            }
        }
    };
    const auto multiply = [&](int64_t number, const uint32_t *panel, int64_t begin, int64_t end) {
        const int64_t column = number * panel_columns, count = columns_of(number);
        // A long inner axis is worked through in parts; the sums between them are kept in f32.
        static thread_local std::vector<float> partial;
        const bool is_split = words > panel_words;
        if (is_split) partial.assign((end - begin) * width, 0);
        for (int64_t k = 0; k < words; k += panel_words) {
            const int64_t part = std::min(panel_words, words - k);
            const bool is_last = k + part == words;
            for (int64_t r = begin; r < end; r += O) {
                const uint32_t *row[O];
                __m512 sum[O][2];
                for (int o = 0; o < O; ++o) {
                    row[o] = words_a + std::min(r + o, end - 1) * stride_a + k;
                    const bool is_kept = is_split && r + o < end;
                    const float *from = is_kept ? &partial[(r + o - begin) * width] : nullptr;
                    sum[o][0] = is_kept ? _mm512_loadu_ps(from) : _mm512_setzero_ps();
                    sum[o][1] = is_kept ? _mm512_loadu_ps(from + lanes) : _mm512_setzero_ps();
                }
                if constexpr (Sink::only_stores) {
                    const int64_t asked = is_last ? std::min<int64_t>(r + O, end) : r;
                    for (int64_t i = r; i < asked; ++i) sink.prepare(i, column);
                }
                tile_nn<Type, O>(row, panel + k * width, part, sum);
                if (is_last) {
                    give<O>(sink, r, end, column, right == Right::joined ? width : count, sum);
                    continue;
                }
                for (int o = 0; o < O && r + o < end; ++o) {
                    AllColumns::write(&partial[(r + o - begin) * width], sum[o][0], sum[o][1]);
                }
            }
        }
    };
    for (int64_t start = 0; start < panels; start += group) {
        const int64_t count = std::min(group, panels - start);
        for_each_task(count, [&](int64_t i) { pack(start + i, packed.words + i * panel_size); });
        for_each_in_order(blocks * count, [&](int64_t task) {
            const int64_t i = task % count, begin = task / count * block;
            multiply(
                start + i, packed.words + i * panel_size, begin, std::min(begin + block, rows));
        });
    }
}

/// Writes a product, or adds it to what is there; a bias may be added.
template <class Out>
struct Writing {
    /// Nothing but stores comes between two tiles: all at once, to lines that may be far away.
    static constexpr bool only_stores = true;

    Out *out;
    int64_t stride;
    const float *bias;
    Accumulate accumulate;

    void prepare(int64_t row, int64_t column) const {
        const Out *to = out + row * stride + column;
        ask_to_write(to);
        if constexpr (sizeof(Out) == 4) ask_to_write(to + lanes);
    }

    template <class Columns>
    void operator()(
        int64_t row, int64_t column, const __m512 (&sum)[2], const Columns &columns) const {
        Out *to = out + row * stride + column;
        if (!bias && accumulate == Accumulate::no) {
            columns.write(to, sum[0], sum[1]);
            return;
        }
        __m512 left = sum[0], right = sum[1];
        if (bias) {
            const float *from = bias + column;
            left = _mm512_add_ps(left, _mm512_maskz_loadu_ps(columns.low, from));
            right = _mm512_add_ps(right, _mm512_maskz_loadu_ps(columns.high, from + lanes));
        }
        if (accumulate == Accumulate::yes) {
            left = _mm512_add_ps(left, read(to, columns.low));
            right = _mm512_add_ps(right, read(to + lanes, columns.high));
        }
        columns.write(to, left, right);
    }
};

CT_GEMM_END

} // namespace
} // namespace ct
#endif
