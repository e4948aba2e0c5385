#include "elements.h"
#include "nf4.h"

#include "../guard.h"
#include "dynamic_code.h"
#include "instruction_set.h"
#include "linear.h"
#include "parallel.h"
#include "simd.h"

#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#ifdef CT_HAS_X86_VARIANTS
#include <immintrin.h>
#endif

namespace {

constexpr int64_t nf4_block = CT_NF4_BLOCK, nf4_scale_block = CT_NF4_SCALE_BLOCK;

/// Quantiles of the normal distribution, scaled to [-1, 1], eight above 0 and seven below
/// (arXiv 2305.14314, appendix E); the f32 values are those of bitsandbytes.
alignas(64) constexpr float nf4_values[16] = {
    -1.0f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f,
    -0.28444138169288635f, -0.18477343022823334f, -0.09105003625154495f, 0.0f,
    0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f, 0.33791524171829224f,
    0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1.0f};

/// The place of the nearest value; of two equally near, the lower.
template <size_t count>
CT_INLINE uint8_t nearest(const float *middles, float x) {
    int place = 0;
    for (size_t i = 0; i < count; ++i) place += x > middles[i];
    return static_cast<uint8_t>(place);
}

struct Middles {
    float values[15];
    Middles() {
        for (int i = 0; i < 15; ++i) values[i] = (nf4_values[i] + nf4_values[i + 1]) / 2;
    }
};

CT_DISPATCHED void encode_block(
    const float *x, int64_t count, float inverse, const float *middles, uint8_t *codes) {
    uint8_t places[nf4_block];
    for (int64_t i = 0; i < count; ++i) places[i] = nearest<15>(middles, x[i] * inverse);
    for (int64_t i = 0; i < count; i += 2) {
        const uint8_t second = i + 1 < count ? places[i + 1] : 0;
        codes[i / 2] = static_cast<uint8_t>(places[i] << 4 | second);
    }
}

/// Values [begin, end) of one block, both even and relative to its start.
template <class Value>
void decode_plain(const uint8_t *codes, float scale, int64_t begin, int64_t end, Value *out) {
    Value table[16];
    for (int i = 0; i < 16; ++i) ct::store(table + i, nf4_values[i] * scale);
    for (int64_t i = begin; i < end; i += 2) {
        const uint8_t pair = codes[i / 2];
        *out++ = table[pair >> 4];
        *out++ = table[pair & 15];
    }
}

#ifdef CT_HAS_X86_VARIANTS
#define CT_AVX512_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))

/// All 64 values of a block in bf16: one table look-up of 32 numbers for 16 bytes of codes.
CT_AVX512_TARGET void decode_avx512(const uint8_t *codes, float scale, uint16_t *out) {
    alignas(64) uint16_t table[32] = {};
    for (int i = 0; i < 16; ++i) ct::store(table + i, nf4_values[i] * scale);
    const __m512i values = _mm512_load_si512(table);
    for (int part = 0; part < 2; ++part) {
        const __m128i bytes =
            _mm_loadu_si128(reinterpret_cast<const __m128i *>(codes + 16 * part));
        const __m512i wide = _mm512_cvtepu8_epi32(bytes);
        const __m512i upper = _mm512_srli_epi32(wide, 4);
        const __m512i lower = _mm512_slli_epi32(_mm512_and_si512(wide, _mm512_set1_epi32(15)), 16);
        const __m512i places = _mm512_or_si512(upper, lower);
        _mm512_storeu_si512(out + 32 * part, _mm512_permutexvar_epi16(places, values));
    }
}

CT_AVX512_TARGET void decode_avx512(const uint8_t *codes, float scale, float *out) {
    const __m512 values =
        _mm512_mul_ps(_mm512_load_ps(nf4_values), _mm512_set1_ps(scale));
    const __m512i first = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const __m512i second = _mm512_add_epi32(first, _mm512_set1_epi32(8));
    for (int part = 0; part < 2; ++part) {
        const __m128i bytes =
            _mm_loadu_si128(reinterpret_cast<const __m128i *>(codes + 16 * part));
        const __m512i wide = _mm512_cvtepu8_epi32(bytes);
        const __m512 upper = _mm512_permutexvar_ps(_mm512_srli_epi32(wide, 4), values);
        const __m512 lower =
            _mm512_permutexvar_ps(_mm512_and_si512(wide, _mm512_set1_epi32(15)), values);
        _mm512_storeu_ps(out + 32 * part, _mm512_permutex2var_ps(upper, first, lower));
        _mm512_storeu_ps(out + 32 * part + 16, _mm512_permutex2var_ps(upper, second, lower));
    }
}
#endif

template <class Value>
void decode_range(
    const uint8_t *codes, const uint8_t *scale_codes, const float *outer, float mean,
    const float *dynamic, bool is_wide, int64_t begin, int64_t end, Value *out) {
    for (int64_t at = begin; at < end;) {
        const int64_t block = at / nf4_block, start = block * nf4_block;
        const int64_t stop = std::min(start + nf4_block, end);
        const float scale = dynamic[scale_codes[block]] * outer[block / nf4_scale_block] + mean;
        const uint8_t *bytes = codes + start / 2;
#ifdef CT_HAS_X86_VARIANTS
        if (is_wide && at == start && stop == start + nf4_block) {
            decode_avx512(bytes, scale, out + (at - begin));
            at = stop;
            continue;
        }
#endif
        decode_plain(bytes, scale, at - start, stop - start, out + (at - begin));
        at = stop;
    }
}

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Rows whose values fit the second-level cache together with what they are multiplied with.
int64_t tile_rows(const ct::NF4Matrix &matrix, const at::Tensor &x) {
    const int64_t bytes = matrix.columns * static_cast<int64_t>(x.element_size());
    return std::clamp<int64_t>((int64_t{1} << 20) / bytes / 64 * 64, 64, matrix.rows);
}

at::Tensor coded_product(
    const at::Tensor &x, const ct::NF4Matrix &matrix, const std::optional<at::Tensor> &bias) {
    const c10::NoGradGuard guard;
    const int64_t tile = tile_rows(matrix, x);
    at::Tensor out = at::empty({x.size(0), matrix.rows}, x.options());
    const at::Tensor room = at::empty({tile, matrix.columns}, x.options());
    for (int64_t first = 0; first < matrix.rows; first += tile) {
        const int64_t count = std::min(tile, matrix.rows - first);
        at::Tensor part = room.narrow(0, 0, count);
        matrix.read(first, count, part);
        std::optional<at::Tensor> offset;
        if (bias) offset = bias->detach().narrow(0, first, count);
        out.narrow(1, first, count).copy_(ct::linear(x, part, offset));
    }
    return out;
}

/// The weight is made dense as a whole in the backward pass, layer by layer: a product summed over tiles
/// would be rounded once for each.
struct CodedLinear : torch::autograd::Function<CodedLinear> {
    static at::Tensor forward(
        AutogradContext *context, const at::Tensor &x, const at::Tensor &codes,
        const at::Tensor &scale_codes, const at::Tensor &outer_scales, double mean, int64_t rows,
        int64_t columns, const std::optional<at::Tensor> &bias) {
        context->save_for_backward({codes, scale_codes, outer_scales});
        context->saved_data["mean"] = mean;
        context->saved_data["rows"] = rows;
        context->saved_data["columns"] = columns;
        context->saved_data["has_bias"] = bias.has_value() && bias->requires_grad();
        return coded_product(
            x, ct::NF4Matrix(codes, scale_codes, outer_scales, mean, rows, columns), bias);
    }

    static variable_list backward(AutogradContext *context, variable_list incoming) {
        const auto saved = context->get_saved_variables();
        const ct::NF4Matrix matrix(
            saved[0], saved[1], saved[2], context->saved_data["mean"].toDouble(),
            context->saved_data["rows"].toInt(), context->saved_data["columns"].toInt());
        const at::Tensor pulled = incoming[0].contiguous();
        variable_list results(8);
        if (context->needs_input_grad(0)) {
            results[0] = ct::product(pulled, matrix.dense(pulled.scalar_type()));
        }
        if (context->saved_data["has_bias"].toBool()) results[7] = pulled.sum(0);
        return results;
    }
};

} // namespace

namespace ct {

NF4Matrix::NF4Matrix(const ct_nf4_matrix &matrix)
    : NF4Matrix(
        matrix.codes->value, matrix.scale_codes->value, matrix.outer_scales->value, matrix.mean,
        matrix.rows, matrix.columns) {}

void NF4Matrix::read(int64_t first, int64_t count, at::Tensor &out) const {
    const auto type = out.scalar_type();
    if (!codes.is_cpu() || !out.is_contiguous() || (type != at::kFloat && type != at::kBFloat16)) {
        out.copy_(dense(first, count, type));
        return;
    }
    const uint8_t *bytes = ct::elements<uint8_t>(codes);
    const uint8_t *scale_bytes = ct::elements<uint8_t>(scale_codes);
    const float *outer = ct::elements<float>(outer_scales);
    const float *dynamic = signed_code().values.data();
    const bool is_wide = instruction_set() >= CT_AVX512;
    const int64_t begin = first * columns, total = count * columns;
    void *values = out.data_ptr();
    for_each_range(total, 1 << 15, [&](int64_t from, int64_t to) {
        if (type == at::kFloat) {
            decode_range(
                bytes, scale_bytes, outer, mean, dynamic, is_wide, begin + from, begin + to,
                static_cast<float *>(values) + from);
        } else {
            decode_range(
                bytes, scale_bytes, outer, mean, dynamic, is_wide, begin + from, begin + to,
                static_cast<uint16_t *>(values) + from);
        }
    });
}

at::Tensor NF4Matrix::scales(int64_t first, int64_t last) const {
    const at::Tensor dynamic = code_tensor(true, outer_scales);
    const at::Tensor places = at::arange(first, last, codes.options().dtype(at::kLong));
    const at::Tensor outer =
        outer_scales.index_select(0, at::floor_divide(places, nf4_scale_block));
    return dynamic.index_select(0, scale_codes.narrow(0, first, last - first).to(at::kLong)) * outer
        + mean;
}

at::Tensor NF4Matrix::dense(int64_t first, int64_t count, at::ScalarType type) const {
    if (codes.is_cpu() && (type == at::kFloat || type == at::kBFloat16)) {
        at::Tensor out = at::empty({count, columns}, codes.options().dtype(type));
        read(first, count, out);
        return out;
    }
    // By tensor operators, for other devices and types.
    const int64_t begin = first * columns, end = begin + count * columns;
    const int64_t first_block = begin / nf4_block, last_block = (end + nf4_block - 1) / nf4_block;
    const at::Tensor code =
        at::tensor(at::ArrayRef<float>(nf4_values, 16), at::kFloat).to(codes.device());
    const at::Tensor bytes = codes.narrow(0, begin / 2, (end - begin) / 2);
    const at::Tensor places =
        at::stack({bytes.bitwise_right_shift(at::Scalar(4)), bytes.bitwise_and(15)}, 1).reshape({-1});
    const at::Tensor spread = scales(first_block, last_block)
                                  .repeat_interleave(nf4_block)
                                  .narrow(0, begin - first_block * nf4_block, end - begin);
    return (code.index_select(0, places.to(at::kLong)) * spread).view({count, columns}).to(type);
}

at::Tensor NF4Matrix::select(const at::Tensor &indices, at::ScalarType type) const {
    const at::Tensor places = indices.to(at::kLong).contiguous();
    at::Tensor out = at::empty({places.numel(), columns}, codes.options().dtype(type));
    for (int64_t i = 0; i < places.numel(); ++i) {
        const int64_t row = ct::elements<int64_t>(places)[i];
        TORCH_CHECK(row >= 0 && row < rows, "row ", row, " is outside 0..<", rows);
        at::Tensor line = out.narrow(0, i, 1);
        read(row, 1, line);
    }
    return out;
}

} // namespace ct

void ct_nf4_code(float *values) { std::copy(nf4_values, nf4_values + 16, values); }

bool ct_nf4_quantize(
    const ct_tensor *matrix, ct_tensor **codes, ct_tensor **scale_codes, ct_tensor **outer_scales,
    double *mean) {
    return ct::perform([&] {
        const c10::NoGradGuard guard;
        TORCH_CHECK(
            matrix->value.dim() == 2 && matrix->value.size(1) % 2 == 0,
            "a matrix of an even number of columns is needed, not ", matrix->value.sizes());
        const at::Tensor source = matrix->value.detach().cpu().contiguous();
        const at::Tensor wide = source.scalar_type() == at::kFloat || source.scalar_type() == at::kBFloat16
            ? source
            : source.to(at::kFloat);
        const bool is_f32 = wide.scalar_type() == at::kFloat;
        const int64_t total = wide.numel(), blocks = (total + nf4_block - 1) / nf4_block;
        at::Tensor bytes = at::empty({(total + 1) / 2}, at::kByte);
        at::Tensor scales = at::empty({blocks}, at::kFloat);
        static const Middles middles;
        uint8_t *to = bytes.data_ptr<uint8_t>();
        float *scale = scales.data_ptr<float>();
        const void *from = wide.const_data_ptr();
        ct::for_each_range(blocks, 256, [&](int64_t first, int64_t last) {
            float values[nf4_block];
            for (int64_t block = first; block < last; ++block) {
                const int64_t start = block * nf4_block;
                const int64_t count = std::min(nf4_block, total - start);
                float largest = 0;
                for (int64_t i = 0; i < count; ++i) {
                    values[i] = is_f32 ? static_cast<const float *>(from)[start + i]
                                       : ct::widen(static_cast<const uint16_t *>(from)[start + i]);
                    largest = std::max(largest, std::fabs(values[i]));
                }
                scale[block] = largest;
                encode_block(
                    values, count, largest > 0 ? 1 / largest : 0, middles.values, to + start / 2);
            }
        });
        const double average = scales.mean(at::kDouble).item<double>();
        *mean = static_cast<float>(average);
        const at::Tensor centred = scales - static_cast<float>(average);
        const int64_t outers = (blocks + nf4_scale_block - 1) / nf4_scale_block;
        const at::Tensor padded = at::constant_pad_nd(centred, {0, outers * nf4_scale_block - blocks});
        at::Tensor outer = padded.abs().view({outers, nf4_scale_block}).amax(1);
        const at::Tensor spread = at::where(outer > 0, outer, at::ones_like(outer))
                                      .repeat_interleave(nf4_scale_block)
                                      .narrow(0, 0, blocks);
        const at::Tensor dynamic = ct::code_tensor(true, scales);
        const at::Tensor middle = (dynamic.narrow(0, 0, 255) + dynamic.narrow(0, 1, 255)) / 2;
        at::Tensor places = at::bucketize(centred / spread, middle).to(at::kByte);
        const auto device = matrix->value.device();
        auto one = std::make_unique<ct_tensor>(bytes.to(device));
        auto two = std::make_unique<ct_tensor>(places.to(device));
        *outer_scales = new ct_tensor(outer.to(device));
        *codes = one.release();
        *scale_codes = two.release();
    });
}

ct_tensor *ct_nf4_rows(const ct_nf4_matrix *matrix, int64_t first, int64_t count, ct_dtype dtype) {
    return ct::make([&] {
        TORCH_CHECK(
            first >= 0 && count >= 0 && first + count <= matrix->rows, "rows ", first, " to ",
            first + count, " of ", matrix->rows);
        return ct::NF4Matrix(*matrix).dense(first, count, ct::scalar_type(dtype));
    });
}

ct_tensor *ct_nf4_rows_plain(
    const ct_nf4_matrix *matrix, int64_t first, int64_t count, ct_dtype dtype) {
    return ct::make([&] {
        // Double precision takes the way of tensor operators and holds every f32 product's operands.
        const ct::NF4Matrix coded(*matrix);
        return coded.dense(first, count, at::kDouble).to(at::kFloat).to(ct::scalar_type(dtype));
    });
}

ct_tensor *ct_nf4_select(const ct_nf4_matrix *matrix, const ct_tensor *indices, ct_dtype dtype) {
    return ct::make([&] {
        return ct::NF4Matrix(*matrix).select(indices->value, ct::scalar_type(dtype));
    });
}

ct_tensor *ct_nf4_linear(const ct_tensor *x, const ct_nf4_matrix *matrix, const ct_tensor *bias) {
    return ct::make([&] {
        const at::Tensor &in = x->value;
        TORCH_CHECK(
            in.dim() == 2 && in.size(1) == matrix->columns, "a layer of [", matrix->rows, ", ",
            matrix->columns, "] got ", in.sizes());
        const ct::NF4Matrix coded(*matrix);
        const auto offset = ct::optional(bias);
        const bool records = c10::GradMode::is_enabled()
            && (in.requires_grad() || (offset && offset->requires_grad()));
        if (!records) return coded_product(in.detach(), coded, offset);
        return CodedLinear::apply(
            in, coded.codes, coded.scale_codes, coded.outer_scales, matrix->mean, matrix->rows,
            matrix->columns, offset);
    });
}
