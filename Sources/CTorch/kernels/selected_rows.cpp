// Rows of a matrix by their numbers, copied by all threads: libtorch's operator has only one where products are
// ours, and adds up its gradient row by row.
#include "selected_rows.h"

#include "../guard.h"
#include "elements.h"
#include "parallel.h"

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cstring>
#include <functional>

namespace {

/// Rows that a thread copies at a time.
constexpr int64_t rows_at_once = 64;

at::Tensor dense_indices(const at::Tensor &indices) {
    TORCH_CHECK(
        indices.dim() == 1 && indices.scalar_type() == at::kLong && indices.is_cpu(),
        "rows are selected by int64 numbers on the host, not by ", indices.scalar_type(),
        indices.sizes());
    return indices.contiguous();
}

/// Rows that stand in ascending order, each once: then every row's gradient is one row or zero.
struct SelectedRows : torch::autograd::Function<SelectedRows> {
    static at::Tensor forward(
        torch::autograd::AutogradContext *context, const at::Tensor &x, const at::Tensor &indices) {
        context->save_for_backward({indices});
        context->saved_data["count"] = x.size(0);
        return ct::selected_rows(x, indices);
    }

    static torch::autograd::variable_list backward(
        torch::autograd::AutogradContext *context, torch::autograd::variable_list incoming) {
        const at::Tensor indices = context->get_saved_variables()[0];
        const int64_t count = context->saved_data["count"].toInt();
        const at::Tensor pulled = incoming[0].contiguous();
        at::Tensor out = at::empty({count, pulled.size(1)}, pulled.options());
        const auto *row = ct::elements<int64_t>(indices), *end = row + indices.size(0);
        const size_t bytes = pulled.size(1) * pulled.element_size();
        const auto *from = static_cast<const std::byte *>(pulled.const_data_ptr());
        auto *to = static_cast<std::byte *>(out.mutable_data_ptr());
        ct::for_each_range(count, rows_at_once, [&](int64_t first, int64_t last) {
            const int64_t *next = std::lower_bound(row, end, first);
            for (int64_t i = first; i < last; ++i) {
                if (next < end && *next == i) {
                    std::memcpy(to + i * bytes, from + (next - row) * bytes, bytes);
                    ++next;
                } else {
                    std::memset(to + i * bytes, 0, bytes);
                }
            }
        });
        return {out, at::Tensor()};
    }
};

} // namespace

namespace ct {

bool has_dense_rows(const at::Tensor &x) {
    return x.is_cpu() && x.dim() == 2 && x.stride(1) == 1;
}

at::Tensor selected_rows(const at::Tensor &x, const at::Tensor &indices) {
    const at::Tensor rows = dense_indices(indices);
    const auto *row = ct::elements<int64_t>(rows);
    const int64_t count = rows.size(0);
    for (int64_t i = 0; i < count; ++i) {
        TORCH_CHECK(
            row[i] >= 0 && row[i] < x.size(0), "row ", row[i], " of a matrix of ", x.size(0));
    }
    at::Tensor out = at::empty({count, x.size(1)}, x.options());
    const size_t bytes = x.size(1) * x.element_size(), apart = x.stride(0) * x.element_size();
    const auto *from = static_cast<const std::byte *>(x.const_data_ptr());
    auto *to = static_cast<std::byte *>(out.mutable_data_ptr());
    for_each_range(count, rows_at_once, [&](int64_t first, int64_t last) {
        for (int64_t i = first; i < last; ++i) {
            std::memcpy(to + i * bytes, from + row[i] * apart, bytes);
        }
    });
    return out;
}

} // namespace ct

ct_tensor *ct_select_rows(const ct_tensor *x, const ct_tensor *indices) {
    return ct::make([&] {
        const at::Tensor &in = x->value;
        if (!ct::has_dense_rows(in)) return at::index_select(in, 0, indices->value);
        const at::Tensor rows = dense_indices(indices->value);
        const auto *row = ct::elements<int64_t>(rows);
        TORCH_CHECK(
            std::adjacent_find(row, row + rows.size(0), std::greater_equal<>()) == row + rows.size(0),
            "rows to select must ascend");
        return SelectedRows::apply(in, rows);
    });
}
