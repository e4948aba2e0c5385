// Work on the gradients of many parameters at once.
#include "../guard.h"
#include "elements.h"
#include "parallel.h"
#include "simd.h"

#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace {

template <class T>
CT_INLINE float sum_of_squares(const T *values, int64_t count) {
    float sums[64] = {};
    int64_t i = 0;
    for (; i + 64 <= count; i += 64) {
        for (int k = 0; k < 64; ++k) {
            const float value = ct::load(values + i + k);
            sums[k] += value * value;
        }
    }
    float sum = 0;
    for (const float each : sums) sum += each;
    for (; i < count; ++i) sum += ct::load(values + i) * ct::load(values + i);
    return sum;
}

CT_DISPATCHED float squares_f32(const float *values, int64_t count) {
    return sum_of_squares(values, count);
}
CT_DISPATCHED float squares_bf16(const uint16_t *values, int64_t count) {
    return sum_of_squares(values, count);
}

template <class T>
CT_INLINE void multiply_all(T *values, int64_t count, float scale) {
    for (int64_t i = 0; i < count; ++i) ct::store(values + i, ct::load(values + i) * scale);
}

CT_DISPATCHED void scale_f32(float *values, int64_t count, float scale) {
    multiply_all(values, count, scale);
}
CT_DISPATCHED void scale_bf16(uint16_t *values, int64_t count, float scale) {
    multiply_all(values, count, scale);
}

template <class T>
CT_INLINE void add_values(T *__restrict sums, const T *__restrict values, int64_t count) {
    for (int64_t i = 0; i < count; ++i) ct::store(sums + i, ct::load(sums + i) + ct::load(values + i));
}

CT_DISPATCHED void add_f32(float *__restrict sums, const float *__restrict values, int64_t count) {
    add_values(sums, values, count);
}
CT_DISPATCHED void add_bf16(
    uint16_t *__restrict sums, const uint16_t *__restrict values, int64_t count) {
    add_values(sums, values, count);
}

/// Values of one task: enough work to pay for waking a thread.
constexpr int64_t piece_size = 1 << 15;

/// Gradients cut into pieces for the threads; those of other kinds stand apart.
struct Gradients {
    struct Piece {
        void *start;
        int64_t count;
        bool is_bf16;
    };
    std::vector<Piece> pieces;
    std::vector<at::Tensor> others;

    Gradients(ct_tensor *const *parameters, int64_t count) {
        for (int64_t i = 0; i < count; ++i) {
            const at::Tensor &gradient = parameters[i]->value.grad();
            if (!gradient.defined()) continue;
            const bool is_bf16 = ct::is_plain_host(gradient, at::kBFloat16);
            if (!is_bf16 && !ct::is_plain_host(gradient, at::kFloat)) {
                others.push_back(gradient);
                continue;
            }
            auto *bytes = static_cast<char *>(gradient.data_ptr());
            for (int64_t start = 0; start < gradient.numel(); start += piece_size) {
                pieces.push_back(
                    {bytes + start * (is_bf16 ? 2 : 4), std::min(piece_size, gradient.numel() - start),
                     is_bf16});
            }
        }
    }
};

} // namespace

bool ct_gradient_norm(ct_tensor *const *parameters, int64_t count, double *norm) {
    return ct::perform([&] {
        const c10::NoGradGuard guard;
        const Gradients gradients(parameters, count);
        const auto &pieces = gradients.pieces;
        std::vector<float> parts(pieces.size());
        ct::for_each_task(static_cast<int64_t>(pieces.size()), [&](int64_t i) {
            const auto &piece = pieces[i];
            parts[i] = piece.is_bf16
                ? squares_bf16(static_cast<const uint16_t *>(piece.start), piece.count)
                : squares_f32(static_cast<const float *>(piece.start), piece.count);
        });
        double squares = 0;
        for (const float part : parts) squares += part;
        for (const at::Tensor &gradient : gradients.others) {
            const double part =
                at::linalg_vector_norm(gradient, 2, std::nullopt, false, at::kFloat)
                    .item<double>();
            squares += part * part;
        }
        *norm = std::sqrt(squares);
    });
}

bool ct_scale_gradients(ct_tensor *const *parameters, int64_t count, double scale) {
    return ct::perform([&] {
        const c10::NoGradGuard guard;
        Gradients gradients(parameters, count);
        const auto factor = static_cast<float>(scale);
        const auto &pieces = gradients.pieces;
        ct::for_each_task(static_cast<int64_t>(pieces.size()), [&](int64_t i) {
            const auto &piece = pieces[i];
            if (piece.is_bf16) {
                scale_bf16(static_cast<uint16_t *>(piece.start), piece.count, factor);
            } else {
                scale_f32(static_cast<float *>(piece.start), piece.count, factor);
            }
        });
        for (at::Tensor &gradient : gradients.others) gradient.mul_(scale);
    });
}

bool ct_add_gradients(ct_tensor *const *parameters, ct_tensor *const *gradients, int64_t count) {
    return ct::perform([&] {
        const c10::NoGradGuard guard;
        struct Piece {
            void *sums;
            const void *values;
            int64_t count;
            bool is_bf16;
        };
        std::vector<Piece> pieces;
        for (int64_t i = 0; i < count; ++i) {
            if (gradients[i] == nullptr) continue;
            const at::Tensor &added = gradients[i]->value;
            at::Tensor &sum = parameters[i]->value.mutable_grad();
            if (!sum.defined()) {
                // It is added to in place from now on, so nobody else may have it.
                const bool is_own = added.is_contiguous() && added.storage().use_count() == 1;
                sum = is_own ? added : added.clone(at::MemoryFormat::Contiguous);
                continue;
            }
            TORCH_CHECK(
                sum.sizes() == added.sizes(), "a gradient ", added.sizes(), " is added to one ",
                sum.sizes());
            const auto type = sum.scalar_type();
            const bool is_bf16 = type == at::kBFloat16;
            if ((!is_bf16 && type != at::kFloat) || !ct::is_plain_host(sum, type)
                || !ct::is_plain_host(added, type)) {
                sum.add_(added);
                continue;
            }
            const int64_t bytes = sum.element_size();
            auto *to = static_cast<char *>(sum.data_ptr());
            const auto *from = static_cast<const char *>(added.const_data_ptr());
            for (int64_t start = 0; start < sum.numel(); start += piece_size) {
                pieces.push_back(
                    {to + start * bytes, from + start * bytes,
                     std::min(piece_size, sum.numel() - start), is_bf16});
            }
        }
        ct::for_each_task(static_cast<int64_t>(pieces.size()), [&](int64_t i) {
            const Piece &piece = pieces[i];
            if (piece.is_bf16) {
                add_bf16(
                    static_cast<uint16_t *>(piece.sums),
                    static_cast<const uint16_t *>(piece.values), piece.count);
            } else {
                add_f32(
                    static_cast<float *>(piece.sums), static_cast<const float *>(piece.values),
                    piece.count);
            }
        });
    });
}
