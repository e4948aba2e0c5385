#pragma once
// The product of many rows: the right operand is packed by 32 columns.
// What becomes of the sums is up to a sink. See gemm_tiles.h.
#include "gemm_tiles.h"
#include "parallel.h"

#ifdef CT_GEMM
namespace ct {
namespace {

CT_GEMM_BEGIN

/// Rows of a tile; it has 32 columns.
constexpr int tile_rows = 12;

/// 12 × 32 results: rows of `a`, and two vectors of packed columns of b.
template <class Type>
__attribute__((always_inline)) inline void tile_nn(
    const uint32_t *const *a, const uint32_t *panel, int64_t words,
    __m512 (&sums)[tile_rows][2]) {
    const uint32_t *row[tile_rows];
    __m512 sum[tile_rows][2];
    for (int o = 0; o < tile_rows; ++o) {
        row[o] = a[o];
        sum[o][0] = sums[o][0];
        sum[o][1] = sums[o][1];
    }
#pragma clang loop unroll_count(2)
    for (int64_t k = 0; k < words; ++k) {
        const __m512i x0 = _mm512_load_si512(panel + k * 32);
        const __m512i x1 = _mm512_load_si512(panel + k * 32 + 16);
        for (int o = 0; o < tile_rows; ++o) {
            const __m512i y = _mm512_set1_epi32(static_cast<int>(row[o][k]));
            sum[o][0] = Type::multiply_add(sum[o][0], x0, y);
            sum[o][1] = Type::multiply_add(sum[o][1], x1, y);
        }
    }
    for (int o = 0; o < tile_rows; ++o) {
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
    constexpr int64_t ahead = 32 * Type::per_word;
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
template <class Sink>
__attribute__((always_inline)) inline void give(
    const Sink &sink, int64_t row, int64_t end, int64_t column, int64_t count,
    const __m512 (&sums)[tile_rows][2]) {
    if (row + tile_rows <= end && count >= 2 * lanes) {
        if constexpr (Sink::only_stores) {
            // From registers: sums that the stack keeps are slow to read back while stores wait for lines at the
            // same place of their pages.
#pragma clang loop unroll(full)
            for (int o = 0; o < tile_rows; ++o) sink(row + o, column, sums[o], AllColumns{});
        } else {
            for (int o = 0; o < tile_rows; ++o) sink(row + o, column, sums[o], AllColumns{});
        }
    } else {
        const SomeColumns columns(count);
        for (int o = 0; o < tile_rows && row + o < end; ++o) sink(row + o, column, sums[o], columns);
    }
}

/// Rows of the left operand against a panel.
struct Strip {
    /// The first row, and how many words lie between it and the next.
    const uint32_t *rows;
    int64_t stride;
    const uint32_t *panel;
    int64_t words;
    /// Rows [begin, end) of the result, and of its columns the first and how many there are.
    int64_t begin, end, column, count;
};

/// Where the sums of a strip begin: at 0, or at those that an earlier part of the inner axis has left.
enum class From { zero, earlier };

/// Sums between one part of the inner axis and the next, [rows, 32].
struct Keeping {
    static constexpr bool only_stores = true;

    float *sums;
    int64_t begin;

    float *row(int64_t index) const { return sums + (index - begin) * 2 * lanes; }
    void prepare(int64_t, int64_t) const {}

    template <class Columns>
    void operator()(int64_t index, int64_t, const __m512 (&sum)[2], const Columns &) const {
        AllColumns::write(row(index), sum[0], sum[1]);
    }
};

/// Gives the products of a strip to `sink`. A function of its own, with copies of what it reads, and a sink that has
/// nothing to decide for each row: otherwise products with an inner axis of 256 take 2 to 4 % longer.
template <class Type, From from, class Sink>
__attribute__((noinline)) void multiply_strip(
    const Strip strip, const Keeping earlier, const Sink sink) {
    for (int64_t r = strip.begin; r < strip.end; r += tile_rows) {
        const uint32_t *row[tile_rows];
        __m512 sum[tile_rows][2];
        for (int o = 0; o < tile_rows; ++o) {
            const int64_t index = std::min<int64_t>(r + o, strip.end - 1);
            row[o] = strip.rows + (index - strip.begin) * strip.stride;
            if constexpr (from == From::zero) {
                sum[o][0] = sum[o][1] = _mm512_setzero_ps();
            } else {
                sum[o][0] = _mm512_loadu_ps(earlier.row(index));
                sum[o][1] = _mm512_loadu_ps(earlier.row(index) + lanes);
            }
        }
        if constexpr (Sink::only_stores) {
            const int64_t asked = std::min<int64_t>(r + tile_rows, strip.end);
            for (int64_t i = r; i < asked; ++i) sink.prepare(i, strip.column);
        }
        tile_nn<Type>(row, strip.panel, strip.words, sum);
        give(sink, r, strip.end, strip.column, strip.count, sum);
    }
}

/// Calls `sink(row, column, sums, columns)` with each 32 columns of each row of the product: two vectors, and
/// which of their lanes are columns, `SomeColumns` or `AllColumns`. With `Right::joined` b is [2 N, K], and the
/// vectors are the same 16 columns of the product with either half; N must be a multiple of 16. A sink with
/// `only_stores` is told of each row before, with `prepare(row, column)`.
template <class Type, Right right, class Sink>
void multiply_panels(const Matrix &a, const Matrix &b, const Sink &sink) {
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
    const int64_t block = std::max<int64_t>(std::min(cached, shared) / tile_rows, 4) * tile_rows;
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
        Strip strip{
            words_a + begin * stride_a, stride_a, panel, words, begin, end,
            number * panel_columns, right == Right::joined ? width : columns_of(number)};
        if (words <= panel_words) {
            multiply_strip<Type, From::zero>(strip, {}, sink);
            return;
        }
        // A long inner axis is worked through in parts; the sums between them are kept in f32.
        static thread_local std::vector<float> sums;
        sums.resize(std::max<size_t>(sums.size(), (end - begin) * width));
        const Keeping kept{sums.data(), begin};
        strip.words = panel_words;
        multiply_strip<Type, From::zero>(strip, {}, kept);
        int64_t left = words - panel_words;
        for (; left > 0; left -= panel_words) {
            strip.rows += panel_words;
            strip.panel += panel_words * width;
            strip.words = std::min(panel_words, left);
            if (left > panel_words) {
                multiply_strip<Type, From::earlier>(strip, kept, kept);
            } else {
                multiply_strip<Type, From::earlier>(strip, kept, sink);
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

/// What is added to a product before it is written.
enum class Addend { nothing, bias, result };

/// Writes a product, with what is added to it: a bias for each column, or what stands there.
template <class Out, Addend addend>
struct Writing {
    /// Nothing but stores comes between two tiles: all at once, to lines that may be far away.
    static constexpr bool only_stores = true;

    Out *out;
    int64_t stride;
    const float *bias;

    void prepare(int64_t row, int64_t column) const {
        const Out *to = out + row * stride + column;
        ask_to_write(to);
        if constexpr (sizeof(Out) == 4) ask_to_write(to + lanes);
    }

    template <class Columns>
    void operator()(
        int64_t row, int64_t column, const __m512 (&sum)[2], const Columns &columns) const {
        Out *to = out + row * stride + column;
        __m512 left = sum[0], right = sum[1];
        if constexpr (addend == Addend::bias) {
            const float *from = bias + column;
            left = _mm512_add_ps(left, _mm512_maskz_loadu_ps(columns.low, from));
            right = _mm512_add_ps(right, _mm512_maskz_loadu_ps(columns.high, from + lanes));
        }
        if constexpr (addend == Addend::result) {
            left = _mm512_add_ps(left, read(to, columns.low));
            right = _mm512_add_ps(right, read(to + lanes, columns.high));
        }
        columns.write(to, left, right);
    }
};

/// Calls `body` with what writes a product as `bias` and `accumulate` say, of which one may be given.
template <class Out, class Body>
void with_writing(const Result &out, const float *bias, Accumulate accumulate, const Body &body) {
    auto *to = static_cast<Out *>(out.data);
    if (accumulate == Accumulate::yes) {
        body(Writing<Out, Addend::result>{to, out.stride, nullptr});
    } else if (bias != nullptr) {
        body(Writing<Out, Addend::bias>{to, out.stride, bias});
    } else {
        body(Writing<Out, Addend::nothing>{to, out.stride, nullptr});
    }
}

CT_GEMM_END

} // namespace
} // namespace ct
#endif
