#include "known_rows.h"

#include "parallel.h"

#include <algorithm>
#include <cstring>

namespace ct {

KnownRows::KnownRows(const ct_known_rows &known, const at::Tensor &like, int64_t width)
    : width_(width), row_bytes_(width * like.element_size()), options_(like.options()) {
    TORCH_CHECK(
        known.count == like.size(0), "known rows of ", known.count, " for ", like.size(0),
        " rows of input");
    for (int64_t i = 0; i < known.block_count; ++i) {
        const at::Tensor &block = known.blocks[i]->value;
        TORCH_CHECK(
            block.dim() == 2 && block.size(0) == known.block_rows && block.size(1) == width
                && block.stride(1) == 1 && block.scalar_type() == like.scalar_type()
                && block.is_cpu() && like.is_cpu(),
            "known rows of ", block.scalar_type(), block.sizes(), " for a result of ", width,
            " columns in ", like.scalar_type());
        blocks_.push_back(block);
    }
    struct Block {
        const std::byte *start;
        size_t apart;
    };
    std::vector<Block> blocks;
    blocks.reserve(blocks_.size());
    for (const at::Tensor &block : blocks_) {
        blocks.push_back(
            {static_cast<const std::byte *>(block.const_data_ptr()),
             static_cast<size_t>(block.stride(0)) * block.element_size()});
    }
    const int64_t end = known.block_count * known.block_rows;
    sources_.reserve(known.count);
    std::vector<int64_t> unknown;
    for (int64_t i = 0; i < known.count; ++i) {
        const int64_t place = known.places[i];
        TORCH_CHECK(place < end, "row ", place, " of ", end, " known rows");
        if (place < 0) {
            sources_.push_back({nullptr, static_cast<int64_t>(unknown.size())});
            unknown.push_back(i);
            continue;
        }
        const Block &block = blocks[place / known.block_rows];
        sources_.push_back({block.start + place % known.block_rows * block.apart, 0});
    }
    unknown_ = at::empty({static_cast<int64_t>(unknown.size())}, at::kLong);
    std::copy(unknown.begin(), unknown.end(), unknown_.mutable_data_ptr<int64_t>());
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
            for (size_t at = 0; at < row_bytes_; at += 64) __builtin_prefetch(later + at);
            std::memcpy(to + i * row_bytes_, row(i, rest), row_bytes_);
        }
    });
    return out;
}

} // namespace ct
