#include "elements.h"
#include "int8_product.h"

#include "gemm_rows.h"
#include "parallel.h"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace ct {

namespace {

float widened(const void *row, int64_t i, at::ScalarType type) {
    if (type == at::kFloat) return static_cast<const float *>(row)[i];
    const uint32_t bits = static_cast<const uint16_t *>(row)[i];
    return std::bit_cast<float>(bits << 16);
}

/// Codes of up to a group of numbers; returns their scale. Ties to even. Of numbers that are not finite the
/// scale is not finite either, so the product shows them.
float encode(const void *row, int64_t start, int64_t count, at::ScalarType type, int8_t *codes) {
    float values[int8_group];
    float most = 0;
    for (int64_t i = 0; i < count; ++i) {
        values[i] = widened(row, start + i, type);
        const float magnitude = std::fabs(values[i]);
        most = magnitude > most || magnitude != magnitude ? magnitude : most;
    }
    const float scale = most / 127.0f;
    const float inverse = most > 0 && std::isfinite(most) ? 127.0f / most : 0.0f;
    for (int64_t i = 0; i < count; ++i) {
        // Adding and subtracting 1.5 · 2^23 rounds to the nearest whole number.
        const float shifted = values[i] * inverse + 12582912.0f;
        codes[i] = static_cast<int8_t>(shifted - 12582912.0f);
    }
    return scale;
}

#ifdef CT_GEMM
#define CT_INT8_BEGIN                                                                              \
    CT_PRAGMA(clang attribute push(                                                                \
        __attribute__((target(                                                                     \
            "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx512vnni,avx2,fma"))),                \
        apply_to = function))

CT_INT8_BEGIN

inline __m512 widened(const void *row, int64_t i, __mmask16 mask, at::ScalarType type) {
    return type == at::kFloat ? read(static_cast<const float *>(row) + i, mask)
                              : read(static_cast<const uint16_t *>(row) + i, mask);
}

/// The same codes and scale as `encode`.
float encode_lanes(
    const void *row, int64_t start, int64_t count, at::ScalarType type, int8_t *codes) {
    __m512 highest = _mm512_setzero_ps();
    __mmask16 strange = 0;
    for (int64_t i = 0; i < count; i += lanes) {
        const __m512 x = widened(row, start + i, first(count - i), type);
        strange |= _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
        highest = _mm512_max_ps(highest, _mm512_abs_ps(x));
    }
    const float most =
        strange ? std::numeric_limits<float>::quiet_NaN() : _mm512_reduce_max_ps(highest);
    const float inverse = most > 0 && std::isfinite(most) ? 127.0f / most : 0.0f;
    for (int64_t i = 0; i < count; i += lanes) {
        const __mmask16 mask = first(count - i);
        const __m512 x = widened(row, start + i, mask, type);
        const __m512i whole = _mm512_cvtps_epi32(_mm512_mul_ps(x, _mm512_set1_ps(inverse)));
        _mm512_mask_cvtepi32_storeu_epi8(codes + i, mask, inverse > 0 ? whole : __m512i{});
    }
    return most / 127.0f;
}

/// Sixteen rows of 64 codes, `stride` bytes apart: one word of each row after another, 128 added to each
/// code, which is to turn its highest bit. Words are `width` apart.
void store_words(const int8_t *codes, int64_t stride, int64_t width, uint32_t *to) {
    __m512 block[16];
    for (int64_t i = 0; i < lanes; ++i) {
        const __m512i row = _mm512_loadu_si512(codes + i * stride);
        block[i] = _mm512_castsi512_ps(
            _mm512_xor_si512(row, _mm512_set1_epi32(static_cast<int>(0x80808080u))));
    }
    transpose(block);
    for (int64_t i = 0; i < lanes; ++i) {
        _mm512_store_ps(reinterpret_cast<float *>(to + i * width), block[i]);
    }
}

CT_GEMM_END
#endif

/// Whether the processor has what these kernels are written with.
bool has_byte_products() {
#ifdef CT_GEMM
    static const bool has = [] {
        __builtin_cpu_init();
        return gemm_fits_processor() && __builtin_cpu_supports("avx512vnni");
    }();
    return has;
#else
    return false;
#endif
}

float encode_best(
    const void *row, int64_t start, int64_t count, at::ScalarType type, int8_t *codes) {
#ifdef CT_GEMM
    if (has_byte_products()) return encode_lanes(row, start, count, type, codes);
#endif
    return encode(row, start, count, type, codes);
}

} // namespace

Int8Matrix::Int8Matrix(const at::Tensor &weight)
    : rows(weight.size(0)), columns(weight.size(1)),
      groups((columns + int8_group - 1) / int8_group), stride((columns + 63) / 64 * 64),
      codes(at::zeros({rows, stride}, at::kChar)), scales(at::empty({rows, groups}, at::kFloat)),
      offsets(at::empty({rows, groups}, at::kInt)) {
    TORCH_CHECK(
        weight.dim() == 2 && weight.is_cpu() && weight.stride(1) == 1
            && (weight.scalar_type() == at::kFloat || weight.scalar_type() == at::kBFloat16),
        "eight bits are made of f32 or bf16 on the CPU, not ", weight.scalar_type());
    const auto *data = static_cast<const char *>(weight.const_data_ptr());
    const int64_t row_bytes = weight.stride(0) * static_cast<int64_t>(weight.element_size());
    const auto type = weight.scalar_type();
    auto *all_codes = static_cast<int8_t *>(codes.data_ptr());
    auto *all_scales = scales.data_ptr<float>();
    auto *all_offsets = offsets.data_ptr<int32_t>();
    for_each_range(rows, 64, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
            for (int64_t g = 0; g < groups; ++g) {
                const int64_t start = g * int8_group;
                const int64_t count = std::min(int8_group, columns - start);
                int8_t *to = all_codes + row * stride + start;
                all_scales[row * groups + g] =
                    encode_best(data + row * row_bytes, start, count, type, to);
                int32_t sum = 0;
                for (int64_t i = 0; i < count; ++i) sum += to[i];
                all_offsets[row * groups + g] = -128 * sum;
            }
        }
    });
}

namespace {

struct KnownInt8 {
    at::Tensor source;
    uint32_t version;
    std::shared_ptr<const Int8Matrix> matrix;
};

} // namespace

std::shared_ptr<const Int8Matrix> int8_matrix(const ct_tensor *weight) {
    const at::Tensor &value = weight->value;
    const auto version = static_cast<uint32_t>(value._version());
    auto known = std::static_pointer_cast<KnownInt8>(weight->derived);
    if (known && known->source.is_same(value) && known->version == version) return known->matrix;
    weight->derived.reset();
    known = std::make_shared<KnownInt8>(
        KnownInt8{value, version, std::make_shared<const Int8Matrix>(value.detach())});
    weight->derived = known;
    return known->matrix;
}

int64_t Int8Rows::block_width(int64_t start) const {
    constexpr int64_t slab = PackedRows::slab_rows;
    return (std::min(PackedRows::block_rows, rows_ - start) + slab - 1) / slab * slab;
}

void Int8Rows::prepare(int64_t rows, int64_t columns, at::ScalarType type) {
    rows_ = rows;
    columns_ = columns;
    type_ = type;
    groups_ = (columns + int8_group - 1) / int8_group;
    words_ = (columns + 63) / 64 * 16;
    const auto padded = static_cast<size_t>(slabs() * PackedRows::slab_rows);
    const auto aligned = [](auto &room, size_t count) {
        if (room.size() < count + 16) room.resize(count + 16);
        const auto at = reinterpret_cast<uintptr_t>(room.data());
        return reinterpret_cast<decltype(room.data())>((at + 63) & ~uintptr_t{63});
    };
    codes_ = aligned(code_room_, padded * words_);
    scales_ = aligned(scale_room_, padded * groups_);
}

void Int8Rows::pack(const Matrix &source, int64_t slab) {
#ifdef CT_GEMM
    constexpr int64_t height = PackedRows::slab_rows;
    const int64_t first = slab * height;
    const int64_t start = first / PackedRows::block_rows * PackedRows::block_rows;
    const int64_t width = block_width(start), lane = first - start;
    uint32_t *codes = codes_ + start * words_ + lane;
    float *scales = scales_ + start * groups_ + lane;
    const int64_t bytes = type_ == at::kFloat ? 4 : 2;
    alignas(64) int8_t group[height * int8_group] = {};
    for (int64_t g = 0; g < groups_; ++g) {
        const int64_t begin = g * int8_group;
        const int64_t count = std::min(int8_group, columns_ - begin);
        if (count < int8_group) std::fill(std::begin(group), std::end(group), int8_t{0});
        for (int64_t i = 0; i < height; ++i) {
            const bool is_real = first + i < rows_;
            const auto *row =
                static_cast<const char *>(source.data) + (first + i) * source.stride * bytes;
            scales[g * width + i] =
                is_real ? encode_lanes(row, begin, count, type_, group + i * int8_group) : 0.0f;
        }
        const int64_t words = std::min(words_ - begin / 4, int8_group / 4);
        for (int64_t k = 0; k < words; k += lanes) {
            store_words(group + k * 4, int8_group, width, codes + (begin / 4 + k) * width);
        }
    }
#else
    std::abort();
#endif
}

at::Tensor plain_int8_product(const at::Tensor &x, const Int8Matrix &weight) {
    const at::Tensor dense = x.contiguous();
    const int64_t rows = x.size(0), columns = weight.columns;
    const Int8Matrix left(dense);
    at::Tensor out = at::empty({rows, weight.rows}, at::kFloat);
    const auto *a = static_cast<const int8_t *>(left.codes.const_data_ptr());
    const auto *b = static_cast<const int8_t *>(weight.codes.const_data_ptr());
    const float *a_scales = ct::elements<float>(left.scales);
    const float *b_scales = ct::elements<float>(weight.scales);
    float *to = out.data_ptr<float>();
    for (int64_t i = 0; i < rows; ++i) {
        for (int64_t j = 0; j < weight.rows; ++j) {
            float total = 0;
            for (int64_t g = 0; g < weight.groups; ++g) {
                int32_t sum = 0;
                const int64_t end = std::min((g + 1) * int8_group, columns);
                for (int64_t k = g * int8_group; k < end; ++k) {
                    sum += a[i * left.stride + k] * b[j * weight.stride + k];
                }
                const float scaled = static_cast<float>(sum) * a_scales[i * left.groups + g];
                total = std::fma(scaled, b_scales[j * weight.groups + g], total);
            }
            to[i * weight.rows + j] = total;
        }
    }
    return out;
}

#ifndef CT_GEMM

bool int8_supports() { return false; }
void int8_product(
    const Int8Rows &, const Int8Matrix &, const float *, const AddedProduct *, const Result &,
    int64_t, int64_t) {
    std::abort();
}

#else

namespace {

CT_INT8_BEGIN

/// Rows [row, row + O) of a matrix in eight bits.
template <int O>
struct CodedRows {
    const uint32_t *codes[O];
    const float *scales[O];
    const int32_t *offsets[O];
};

/// sums[O][R · 16] of O coded rows with R · 16 packed ones. The codes `ahead` are read soon afterwards.
template <int R, int O>
void tile_int8(
    const uint32_t *a, const float *a_scales, const CodedRows<O> &b, int64_t words, int64_t ahead,
    float *sums) {
    constexpr int64_t group_words = int8_group / 4;
    __m512 total[O][R];
    for (int o = 0; o < O; ++o) {
        for (int r = 0; r < R; ++r) total[o][r] = _mm512_setzero_ps();
    }
    for (int64_t g = 0; g * group_words < words; ++g) {
        __m512i sum[O][R];
        for (int o = 0; o < O; ++o) {
            for (int r = 0; r < R; ++r) sum[o][r] = _mm512_set1_epi32(b.offsets[o][g]);
        }
        const int64_t end = std::min(words, (g + 1) * group_words);
        for (int64_t start = g * group_words; start < end; start += 16) {
            for (int o = 0; o < O; ++o) {
                _mm_prefetch(
                    reinterpret_cast<const char *>(b.codes[o] + start + ahead), _MM_HINT_T0);
            }
#pragma clang loop unroll_count(2)
            for (int64_t k = start; k < start + 16; ++k) {
                __m512i x[R];
                for (int r = 0; r < R; ++r) x[r] = _mm512_load_si512(a + (k * R + r) * lanes);
                for (int o = 0; o < O; ++o) {
                    const __m512i y = _mm512_set1_epi32(static_cast<int>(b.codes[o][k]));
                    for (int r = 0; r < R; ++r) {
                        sum[o][r] = _mm512_dpbusd_epi32(sum[o][r], x[r], y);
                    }
                }
            }
        }
        for (int r = 0; r < R; ++r) {
            const __m512 row_scale = _mm512_load_ps(a_scales + (g * R + r) * lanes);
            for (int o = 0; o < O; ++o) {
                const __m512 scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(sum[o][r]), row_scale);
                const __m512 scale = _mm512_set1_ps(b.scales[o][g]);
                total[o][r] = _mm512_fmadd_ps(scaled, scale, total[o][r]);
            }
        }
    }
    for (int o = 0; o < O; ++o) {
        for (int r = 0; r < R; ++r) _mm512_store_ps(sums + (o * R + r) * lanes, total[o][r]);
    }
}

template <class Type>
void multiply_columns(
    const Int8Rows &rows, const Int8Matrix &weight, const float *bias, const AddedProduct *added,
    const Result &out, int64_t begin, int64_t end) {
    using Element = typename Type::Element;
    const auto *codes = static_cast<const uint32_t *>(weight.codes.const_data_ptr());
    const float *scales = ct::elements<float>(weight.scales);
    const auto *offsets = ct::elements<int32_t>(weight.offsets);
    const int64_t stride = weight.stride / 4;
    for (int64_t start = 0; start < rows.rows(); start += PackedRows::block_rows) {
        LowRankProduct addition{};
        if (added != nullptr) {
            addition = {
                added->rows.block(start), static_cast<const uint32_t *>(added->weight.data),
                added->weight.stride / Type::per_word, added->rows.words()};
        }
        const int64_t count = std::min(PackedRows::block_rows, rows.rows() - start);
        const ProductNT<Element> product{
            nullptr, count, nullptr, 0, 0, weight.rows, bias,
            static_cast<Element *>(out.data) + start * out.stride, out.stride, Accumulate::no,
            addition};
        const auto run = [&]<int R, int O>() {
            product.template run<Type, R, O>(begin, end, [&](int64_t column, float *tile) {
                CodedRows<O> b;
                for (int i = 0; i < O; ++i) {
                    const int64_t row = std::min(column + i, weight.rows - 1);
                    b.codes[i] = codes + row * stride;
                    b.scales[i] = scales + row * weight.groups;
                    b.offsets[i] = offsets + row * weight.groups;
                }
                tile_int8<R, O>(
                    rows.block(start), rows.block_scales(start), b, rows.words(), O * stride,
                    tile);
            });
        };
        // Sums of a group and of all groups have to fit the registers together.
        switch ((count + lanes - 1) / lanes) {
            case 1: run.template operator()<1, 12>(); break;
            case 2: run.template operator()<2, 6>(); break;
            case 3: run.template operator()<3, 4>(); break;
            default: run.template operator()<4, 3>(); break;
        }
    }
}

CT_GEMM_END

/// A small product of rows and columns that fill no tile, in groups of which the last is not full.
bool agrees_with_loops() {
    for (const int64_t rows : {int64_t{5}, int64_t{30}, int64_t{67}}) {
        const int64_t columns = 51, inner = 2 * int8_group + 38;
        const auto made = [](int64_t height, int64_t width) {
            at::Tensor values = at::empty({height, width}, at::kFloat);
            float *to = values.data_ptr<float>();
            for (int64_t i = 0; i < height * width; ++i) {
                to[i] = std::sin(static_cast<float>(i) * 1.7f) * static_cast<float>(1 + i % 13);
            }
            return values;
        };
        const at::Tensor x = made(rows, inner);
        const Int8Matrix weight(made(columns, inner));
        at::Tensor out = at::empty({rows, columns}, at::kFloat);
        Int8Rows packed;
        packed.prepare(rows, inner, at::kFloat);
        for (int64_t i = 0; i < packed.slabs(); ++i) {
            packed.pack({x.const_data_ptr(), rows, inner, inner}, i);
        }
        int8_product(
            packed, weight, nullptr, nullptr, {out.data_ptr(), columns, at::kFloat}, 0, columns);
        if (!out.equal(plain_int8_product(x, weight))) return false;
    }
    return true;
}

} // namespace

void int8_product(
    const Int8Rows &rows, const Int8Matrix &weight, const float *bias, const AddedProduct *added,
    const Result &out, int64_t begin, int64_t end) {
    if (rows.type() == at::kFloat) {
        multiply_columns<F32>(rows, weight, bias, added, out, begin, end);
    } else {
        multiply_columns<BF16>(rows, weight, bias, added, out, begin, end);
    }
}

bool int8_supports() {
    static const bool supports = [] {
        if (!has_byte_products()) return false;
        if (agrees_with_loops()) return true;
        TORCH_WARN("this processor's products of bytes are wrong; rollouts stay in the model's type");
        return false;
    }();
    return supports;
}

#endif

} // namespace ct
