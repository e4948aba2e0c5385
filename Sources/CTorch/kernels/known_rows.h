#pragma once
#include "../guard.h"

#include <cstddef>
#include <memory>
#include <vector>

namespace ct {

/// Where each row of a result lies in blocks of known rows, looked up once for all results of a pass.
struct RowPlaces {
    struct Place {
        /// Negative where the row is unknown.
        int32_t block;
        /// Of its block, or which of the unknown rows it is.
        int32_t row;
    };

    std::vector<Place> places;
    int64_t block_rows;
    /// As many blocks as the places need.
    int64_t block_count = 0;
    /// [U] int64: the rows that are to be computed, in order.
    at::Tensor unknown;

    /// Of numbers of rows in blocks laid end to end, negative ones unknown.
    RowPlaces(const int32_t *numbers, int64_t count, int64_t block_rows);
};

/// The rows of a result [N, O] that need not be computed.
class KnownRows {
public:
    /// Of a result with the type of `like`, `width` columns wide.
    KnownRows(const ct_known_rows &known, const at::Tensor &like, int64_t width);

    int64_t width() const { return width_; }
    int64_t count() const { return static_cast<int64_t>(places_->places.size()); }
    const at::Tensor &unknown() const { return places_->unknown; }
    bool has_unknown() const { return unknown().numel() > 0; }
    bool is_known(int64_t i) const { return places_->places[i].block >= 0; }
    /// Whether the same rows of both are known.
    bool knows_rows_of(const KnownRows &other) const {
        return places_ == other.places_ || at::equal(unknown(), other.unknown());
    }
    /// Row i, known or one of those at `computed` [U, O].
    const std::byte *row(int64_t i, const std::byte *computed) const {
        const RowPlaces::Place place = places_->places[i];
        if (place.block < 0) return computed + place.row * row_bytes_;
        const Block &block = blocks_[place.block];
        return block.start + place.row * block.apart;
    }

    /// [N, O] of known rows and `computed` ones, in memory of its own.
    at::Tensor completed(const at::Tensor &computed) const;

private:
    struct Block {
        const std::byte *start;
        /// Bytes between its rows.
        int64_t apart;
    };

    std::shared_ptr<const RowPlaces> places_;
    std::vector<Block> blocks_;
    /// What the blocks lie in.
    std::vector<at::Tensor> owners_;
    int64_t width_;
    int64_t row_bytes_;
    at::TensorOptions options_;
};

} // namespace ct

struct ct_row_places {
    std::shared_ptr<const ct::RowPlaces> value;
};
