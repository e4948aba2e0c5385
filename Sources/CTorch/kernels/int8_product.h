#pragma once
#include "decode_product.h"

#include "../guard.h"

#include <memory>
#include <vector>

// Products in eight bits, for rollouts only. Numbers are coded in groups along the inner axis, each with a
// scale of its own: the largest magnitude is 127. Sums of a group are whole numbers and therefore exact; groups
// are added in f32, in order, so a row's result depends neither on other rows nor on threads.
namespace ct {

/// Numbers that share a scale.
constexpr int64_t int8_group = 128;

/// A matrix [rows, columns] in eight bits.
struct Int8Matrix {
    int64_t rows, columns, groups;
    /// Bytes of a row: columns, filled up with zeros to a multiple of 64.
    int64_t stride;
    at::Tensor codes;   // int8 [rows, stride]
    at::Tensor scales;  // f32 [rows, groups]
    /// -128 · the sum of a group's codes: the left operand's codes are stored 128 higher, without sign.
    at::Tensor offsets; // int32 [rows, groups]

    explicit Int8Matrix(const at::Tensor &weight);
};

/// `weight` in eight bits, kept with its handle and made again when its values have changed.
std::shared_ptr<const Int8Matrix> int8_matrix(const ct_tensor *weight);

/// Rows of f32 or bf16 in eight bits, in the order in which products read them: see `PackedRows`.
class Int8Rows {
public:
    void prepare(int64_t rows, int64_t columns, at::ScalarType type);
    int64_t slabs() const { return (rows_ + PackedRows::slab_rows - 1) / PackedRows::slab_rows; }
    void pack(const Matrix &source, int64_t slab);

    int64_t rows() const { return rows_; }
    int64_t columns() const { return columns_; }
    int64_t groups() const { return groups_; }
    /// Of four codes along the inner axis.
    int64_t words() const { return words_; }
    at::ScalarType type() const { return type_; }
    const uint32_t *block(int64_t start) const { return codes_ + start * words_; }
    /// [groups][rows of the block], f32.
    const float *block_scales(int64_t start) const { return scales_ + start * groups_; }
    int64_t block_width(int64_t start) const;

private:
    std::vector<uint32_t> code_room_;
    std::vector<float> scale_room_;
    uint32_t *codes_ = nullptr;
    float *scales_ = nullptr;
    int64_t rows_ = 0, columns_ = 0, groups_ = 0, words_ = 0;
    at::ScalarType type_ = at::kFloat;
};

/// Whether this processor multiplies bytes (AVX-512 VNNI) and does it as plain loops do, which a first small
/// product has shown.
bool int8_supports();

/// Columns [begin, end) of rows · weightᵀ + bias, and of `added`, as `decode_product`.
void int8_product(
    const Int8Rows &rows, const Int8Matrix &weight, const float *bias, const AddedProduct *added,
    const Result &out, int64_t begin, int64_t end);

/// The twin in plain loops, without anything added: x [N, K] in f32 or bf16 → [N, rows] f32.
at::Tensor plain_int8_product(const at::Tensor &x, const Int8Matrix &weight);

} // namespace ct
