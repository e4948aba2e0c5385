#pragma once
#include "../guard.h"

#include <cstddef>
#include <vector>

namespace ct {

/// The rows of a result [N, O] that need not be computed.
class KnownRows {
public:
    /// Of a result with the type of `like`, `width` columns wide.
    KnownRows(const ct_known_rows &known, const at::Tensor &like, int64_t width);

    int64_t width() const { return width_; }
    int64_t count() const { return static_cast<int64_t>(sources_.size()); }
    /// [U] int64: the rows that are to be computed, in order.
    const at::Tensor &unknown() const { return unknown_; }
    bool has_unknown() const { return unknown_.numel() > 0; }
    bool is_known(int64_t i) const { return sources_[i].known != nullptr; }
    /// Row i, known or one of those at `computed` [U, O].
    const std::byte *row(int64_t i, const std::byte *computed) const {
        const Source &source = sources_[i];
        return source.known ? source.known : computed + source.number * row_bytes_;
    }

    /// [N, O] of known rows and `computed` ones, in memory of its own.
    at::Tensor completed(const at::Tensor &computed) const;

private:
    struct Source {
        /// Null where the row is unknown.
        const std::byte *known;
        /// Which of the unknown rows it is.
        int64_t number;
    };

    std::vector<Source> sources_;
    std::vector<at::Tensor> blocks_;
    at::Tensor unknown_;
    int64_t width_;
    size_t row_bytes_;
    at::TensorOptions options_;
};

} // namespace ct
