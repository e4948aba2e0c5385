#include "decode_product.h"

#include "gemm_rows.h"

#include <cstdlib>

namespace ct {

#ifndef CT_GEMM

void PackedRows::prepare(int64_t, int64_t, at::ScalarType) { std::abort(); }
void PackedRows::pack(const Matrix &, int64_t, int64_t, int64_t) { std::abort(); }
void decode_product(
    const PackedRows &, const Matrix &, const float *, const AddedProduct *, const Result &,
    int64_t, int64_t) {
    std::abort();
}

#else

void PackedRows::prepare(int64_t rows, int64_t columns, at::ScalarType type) {
    rows_ = rows;
    type_ = type;
    words_ = columns / (type == at::kFloat ? F32::per_word : BF16::per_word);
    const size_t needed = static_cast<size_t>(slabs() * slab_rows * words_ + lanes);
    if (room_.size() < needed) room_.resize(needed);
    data_ = Room::aligned(room_.data());
}

void PackedRows::pack(const Matrix &source, int64_t slab, int64_t begin, int64_t end) {
    const int64_t row = slab * slab_rows, start = row / block_rows * block_rows;
    const int64_t width = (std::min(block_rows, rows_ - start) + lanes - 1) / lanes * lanes;
    const int64_t per_word = type_ == at::kFloat ? F32::per_word : BF16::per_word;
    const int64_t stride = source.stride / per_word, word = begin / per_word;
    pack_rows(
        static_cast<const uint32_t *>(source.data) + row * stride + word, stride, rows_ - row,
        (end - begin) / per_word, slab_rows, width,
        data_ + start * words_ + word * width + row - start);
}

namespace {

template <class Type>
void multiply_columns(
    const PackedRows &rows, const Matrix &weight, const float *bias, const AddedProduct *added,
    const Result &out, int64_t begin, int64_t end) {
    using Element = typename Type::Element;
    for (int64_t start = 0; start < rows.rows(); start += PackedRows::block_rows) {
        LowRankProduct addition{};
        if (added != nullptr) {
            addition = {
                added->rows.block(start), static_cast<const uint32_t *>(added->weight.data),
                added->weight.stride / Type::per_word, added->rows.words()};
        }
        const ProductNT<Element> product{
            rows.block(start),
            std::min(PackedRows::block_rows, rows.rows() - start),
            static_cast<const uint32_t *>(weight.data),
            weight.stride / Type::per_word,
            rows.words(),
            weight.rows,
            bias,
            static_cast<Element *>(out.data) + start * out.stride,
            out.stride,
            Accumulate::no,
            addition};
        product.template run<Type>(begin, end);
    }
}

} // namespace

void decode_product(
    const PackedRows &rows, const Matrix &weight, const float *bias, const AddedProduct *added,
    const Result &out, int64_t begin, int64_t end) {
    if (rows.type() == at::kFloat) {
        multiply_columns<F32>(rows, weight, bias, added, out, begin, end);
    } else {
        multiply_columns<BF16>(rows, weight, bias, added, out, begin, end);
    }
}

#endif

} // namespace ct
