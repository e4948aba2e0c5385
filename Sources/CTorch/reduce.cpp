#include "guard.h"

namespace {
at::OptionalIntArrayRef over(const int64_t *axes, int64_t count) {
    if (!axes) return std::nullopt;
    // By way of std::optional: libtorch 2.15 asks of a view that is given directly to outlive the result.
    return std::optional<at::IntArrayRef>(ct::sizes(axes, count));
}

at::IntArrayRef axes_or_all(const int64_t *axes, int64_t count) {
    return axes ? ct::sizes(axes, count) : at::IntArrayRef();
}

void give(std::tuple<at::Tensor, at::Tensor> pair, ct_tensor **values, ct_tensor **indices) {
    auto first = std::make_unique<ct_tensor>(std::move(std::get<0>(pair)));
    *indices = new ct_tensor(std::move(std::get<1>(pair)));
    *values = first.release();
}
} // namespace

ct_tensor *ct_sum(const ct_tensor *a, const int64_t *axes, int64_t count, bool keep) {
    return ct::make([&] { return at::sum(a->value, over(axes, count), keep); });
}

ct_tensor *ct_mean(const ct_tensor *a, const int64_t *axes, int64_t count, bool keep) {
    return ct::make([&] { return at::mean(a->value, over(axes, count), keep); });
}

ct_tensor *ct_amax(const ct_tensor *a, const int64_t *axes, int64_t count, bool keep) {
    return ct::make([&] { return at::amax(a->value, axes_or_all(axes, count), keep); });
}

ct_tensor *ct_amin(const ct_tensor *a, const int64_t *axes, int64_t count, bool keep) {
    return ct::make([&] { return at::amin(a->value, axes_or_all(axes, count), keep); });
}

ct_tensor *ct_logsumexp(const ct_tensor *a, int64_t axis, bool keep) {
    return ct::make([&] { return at::logsumexp(a->value, axis, keep); });
}

ct_tensor *ct_norm(const ct_tensor *a) {
    return ct::make([&] { return at::linalg_vector_norm(a->value, 2, std::nullopt, false, at::kFloat); });
}

ct_tensor *ct_variance(const ct_tensor *a, int64_t axis, double correction, bool keep) {
    return ct::make([&] {
        return at::var(a->value, at::IntArrayRef(&axis, 1), at::Scalar(correction), keep);
    });
}

ct_tensor *ct_any(const ct_tensor *a) {
    return ct::make([&] { return at::any(a->value); });
}

ct_tensor *ct_all(const ct_tensor *a) {
    return ct::make([&] { return at::all(a->value); });
}

ct_tensor *ct_argmax(const ct_tensor *a, int64_t axis, bool keep) {
    return ct::make([&] { return at::argmax(a->value, axis, keep); });
}

ct_tensor *ct_argmin(const ct_tensor *a, int64_t axis, bool keep) {
    return ct::make([&] { return at::argmin(a->value, axis, keep); });
}

ct_tensor *ct_cumsum(const ct_tensor *a, int64_t axis) {
    return ct::make([&] { return at::cumsum(a->value, axis); });
}

bool ct_topk(
    const ct_tensor *a, int64_t count, int64_t axis, bool largest, ct_tensor **values,
    ct_tensor **indices) {
    return ct::perform(
        [&] { give(at::topk(a->value, count, axis, largest, true), values, indices); });
}

bool ct_sort(
    const ct_tensor *a, int64_t axis, bool descending, ct_tensor **values, ct_tensor **indices) {
    return ct::perform(
        [&] { give(at::sort(a->value, /*stable=*/true, axis, descending), values, indices); });
}
