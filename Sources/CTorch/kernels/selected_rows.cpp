// Rows of a matrix by their numbers, copied by all threads: libtorch's operators have only one where products
// are ours, and in bf16 they round the gradient of a row after each place where it stands.
#include "selected_rows.h"

#include "../guard.h"
#include "elements.h"
#include "parallel.h"
#include "simd.h"

#include <torch/csrc/autograd/custom_function.h>

#include <cstring>
#include <numeric>
#include <span>
#include <vector>

namespace {

/// Rows that a thread copies at a time.
constexpr int64_t rows_at_once = 64;

/// For each row of a matrix of `count` rows, where it stands among the selected ones, in their order.
class Occurrences {
public:
    Occurrences(const at::Tensor &indices, int64_t count)
        : starts_(count + 1, 0), places_(indices.size(0)) {
        const auto *row = ct::elements<int64_t>(indices);
        for (size_t i = 0; i < places_.size(); ++i) ++starts_[row[i] + 1];
        std::partial_sum(starts_.begin(), starts_.end(), starts_.begin());
        std::vector<int64_t> next(starts_.begin(), starts_.end() - 1);
        for (size_t i = 0; i < places_.size(); ++i) {
            places_[next[row[i]]++] = static_cast<int64_t>(i);
        }
    }

    std::span<const int64_t> of(int64_t row) const {
        return std::span(places_).subspan(starts_[row], starts_[row + 1] - starts_[row]);
    }

private:
    std::vector<int64_t> starts_, places_;
};

template <class T>
CT_INLINE void add_row(const T *from, int64_t width, float *__restrict sums) {
    for (int64_t i = 0; i < width; ++i) sums[i] += ct::load(from + i);
}

/// to = Σ over `places` of those rows of `from`, each number one sum in f32.
template <class T>
void sum_rows(const T *from, std::span<const int64_t> places, int64_t width, T *to) {
    if (places.empty()) {
        std::memset(to, 0, width * sizeof(T));
    } else if (places.size() == 1) {
        std::memcpy(to, from + places[0] * width, width * sizeof(T));
    } else {
        static thread_local std::vector<float> sums;
        sums.assign(width, 0);
        for (const int64_t place : places) add_row(from + place * width, width, sums.data());
        for (int64_t i = 0; i < width; ++i) ct::store(to + i, sums[i]);
    }
}

struct SelectedRows : torch::autograd::Function<SelectedRows> {
    static at::Tensor forward(
        torch::autograd::AutogradContext *context, const at::Tensor &x, const at::Tensor &indices) {
        // The backward pass reads them as they lie.
        const at::Tensor rows = indices.contiguous();
        context->save_for_backward({rows});
        context->saved_data["count"] = x.size(0);
        return ct::copied_rows(x, rows);
    }

    static torch::autograd::variable_list backward(
        torch::autograd::AutogradContext *context, torch::autograd::variable_list incoming) {
        const int64_t count = context->saved_data["count"].toInt();
        const Occurrences occurrences(context->get_saved_variables()[0], count);
        const at::Tensor pulled = incoming[0].contiguous();
        const int64_t width = pulled.size(1);
        at::Tensor out = at::empty({count, width}, pulled.options());
        const void *from = pulled.const_data_ptr();
        void *to = out.mutable_data_ptr();
        const bool is_f32 = pulled.scalar_type() == at::kFloat;
        ct::for_each_range(count, rows_at_once, [&](int64_t first, int64_t last) {
            for (int64_t i = first; i < last; ++i) {
                if (is_f32) {
                    sum_rows(
                        static_cast<const float *>(from), occurrences.of(i), width,
                        static_cast<float *>(to) + i * width);
                } else {
                    sum_rows(
                        static_cast<const uint16_t *>(from), occurrences.of(i), width,
                        static_cast<uint16_t *>(to) + i * width);
                }
            }
        });
        return {out, at::Tensor()};
    }
};

} // namespace

namespace ct {

bool selects_rows(const at::Tensor &x, const at::Tensor &indices) {
    const bool has_gradient = at::GradMode::is_enabled() && x.requires_grad();
    const auto type = x.scalar_type();
    return x.is_cpu() && x.dim() == 2 && x.stride(1) == 1 && indices.is_cpu() && indices.dim() == 1
        && indices.scalar_type() == at::kLong
        && (!has_gradient || type == at::kFloat || type == at::kBFloat16);
}

at::Tensor copied_rows(const at::Tensor &x, const at::Tensor &indices) {
    const at::Tensor rows = indices.contiguous();
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

at::Tensor selected_rows(const at::Tensor &x, const at::Tensor &indices) {
    const bool has_gradient = at::GradMode::is_enabled() && x.requires_grad();
    return has_gradient ? SelectedRows::apply(x, indices) : copied_rows(x, indices);
}

} // namespace ct
