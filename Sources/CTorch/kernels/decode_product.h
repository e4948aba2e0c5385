#pragma once
#include "gemm.h"

#include <algorithm>
#include <vector>

// Products of the few rows of a decode step. Their left operand is packed once for all threads; each
// thread then computes columns of its own. For processors that `gemm_fits_processor` names.
namespace ct {

/// Rows of f32 or bf16 in the order in which products read them: blocks of 64 rows, of each block first
/// all rows' first words.
class PackedRows {
public:
    static constexpr int64_t slab_rows = 16, block_rows = 64;

    /// Makes room for [rows, columns].
    void prepare(int64_t rows, int64_t columns, at::ScalarType type);
    /// How many times `pack` is to be called.
    int64_t slabs() const { return (rows_ + slab_rows - 1) / slab_rows; }
    /// Packs sixteen rows of `source`, from row 16 · slab on.
    void pack(const Matrix &source, int64_t slab) { pack(source, slab, 0, source.columns); }
    /// Columns [begin, end) of them: in bf16 both are even.
    void pack(const Matrix &source, int64_t slab, int64_t begin, int64_t end);

    int64_t rows() const { return rows_; }
    /// Columns that a product of these rows makes at a time.
    int64_t tile_columns() const {
        constexpr int64_t columns[] = {16, 12, 8, 6};
        return columns[std::min<int64_t>(slabs(), 4) - 1];
    }
    int64_t words() const { return words_; }
    at::ScalarType type() const { return type_; }
    /// The block that begins with row `start`.
    const uint32_t *block(int64_t start) const { return data_ + start * words_; }

private:
    std::vector<uint32_t> room_;
    uint32_t *data_ = nullptr;
    int64_t rows_ = 0, words_ = 0;
    at::ScalarType type_ = at::kFloat;
};

/// A product that is added to another: rows · weightᵀ.
struct AddedProduct {
    const PackedRows &rows;
    Matrix weight;
};

/// Columns [begin, end) of out = rows · weightᵀ + bias, and of `added` where it is not null, on this thread.
/// The sum is rounded before and after the addition. `out` is as for all columns; its type is that of the
/// rows.
void decode_product(
    const PackedRows &rows, const Matrix &weight, const float *bias, const AddedProduct *added,
    const Result &out, int64_t begin, int64_t end);

} // namespace ct
