#include "known_rows.h"

#include "parallel.h"

#include <algorithm>
#include <cstring>

namespace ct {

RowPlaces::RowPlaces(const int32_t *numbers, int64_t count, int64_t block_rows)
    : block_rows(block_rows) {
    TORCH_CHECK(block_rows > 0, "blocks of ", block_rows, " known rows");
    places.reserve(count);
    std::vector<int64_t> others;
    // Unsigned numbers of 32 bits divide several times as fast as signed ones of 64.
    const auto divisor = static_cast<uint32_t>(block_rows);
    for (int64_t i = 0; i < count; ++i) {
        if (numbers[i] < 0) {
            places.push_back({-1, static_cast<int32_t>(others.size())});
            others.push_back(i);
            continue;
        }
        const auto number = static_cast<uint32_t>(numbers[i]);
        const auto block = static_cast<int32_t>(number / divisor);
        places.push_back({block, static_cast<int32_t>(number % divisor)});
        block_count = std::max<int64_t>(block_count, block + 1);
    }
    unknown = at::empty({static_cast<int64_t>(others.size())}, at::kLong);
    std::copy(others.begin(), others.end(), unknown.mutable_data_ptr<int64_t>());
}

KnownRows::KnownRows(const ct_known_rows &known, const at::Tensor &like, int64_t width)
    : places_(known.places->value), width_(width), row_bytes_(width * like.element_size()),
      options_(like.options()) {
    TORCH_CHECK(
        count() == like.size(0), "known rows of ", count(), " for ", like.size(0),
        " rows of input");
    TORCH_CHECK(
        places_->block_count <= known.block_count, "places in ", places_->block_count, " of ",
        known.block_count, " blocks of known rows");
    owners_.reserve(known.block_count);
    blocks_.reserve(known.block_count);
    for (int64_t i = 0; i < known.block_count; ++i) {
        const at::Tensor &block = known.blocks[i]->value;
        TORCH_CHECK(
            block.dim() == 2 && block.size(0) == places_->block_rows && block.size(1) == width
                && block.stride(1) == 1 && block.scalar_type() == like.scalar_type()
                && block.is_cpu() && like.is_cpu(),
            "known rows of ", block.scalar_type(), block.sizes(), " for a result of ", width,
            " columns in ", like.scalar_type());
        owners_.push_back(block);
        blocks_.push_back(
            {static_cast<const std::byte *>(block.const_data_ptr()),
             block.stride(0) * static_cast<int64_t>(block.element_size())});
    }
}

at::Tensor KnownRows::completed(const at::Tensor &computed) const {
    at::Tensor out = at::empty({count(), width_}, options_);
    auto *to = static_cast<std::byte *>(out.mutable_data_ptr());
    const auto *rest =
        has_unknown() ? static_cast<const std::byte *>(computed.const_data_ptr()) : nullptr;
    constexpr int64_t grain = 32;
    for_each_range(count(), grain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            // They lie apart, where the processor does not read ahead.
            const std::byte *later = row(std::min(i + 2, end - 1), rest);
            for (int64_t at = 0; at < row_bytes_; at += 64) __builtin_prefetch(later + at);
            std::memcpy(to + i * row_bytes_, row(i, rest), row_bytes_);
        }
    });
    return out;
}

} // namespace ct

ct_row_places *ct_row_places_make(const int32_t *places, int64_t count, int64_t block_rows) {
    ct_row_places *made = nullptr;
    ct::perform([&] {
        made = new ct_row_places{std::make_shared<const ct::RowPlaces>(places, count, block_rows)};
    });
    return made;
}

void ct_row_places_free(ct_row_places *places) { delete places; }
