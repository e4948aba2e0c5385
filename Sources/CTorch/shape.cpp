#include "guard.h"

ct_tensor *ct_reshape(const ct_tensor *a, const int64_t *shape, int64_t rank) {
    return ct::make([&] { return at::reshape(a->value, ct::sizes(shape, rank)); });
}

ct_tensor *ct_view(const ct_tensor *a, const int64_t *shape, int64_t rank) {
    return ct::make([&] { return a->value.view(ct::sizes(shape, rank)); });
}

ct_tensor *ct_transpose(const ct_tensor *a, int64_t first, int64_t second) {
    return ct::make([&] { return at::transpose(a->value, first, second); });
}

ct_tensor *ct_permute(const ct_tensor *a, const int64_t *axes, int64_t rank) {
    return ct::make([&] { return at::permute(a->value, ct::sizes(axes, rank)); });
}

ct_tensor *ct_squeeze(const ct_tensor *a, int64_t axis) {
    return ct::make([&] { return at::squeeze(a->value, axis); });
}

ct_tensor *ct_unsqueeze(const ct_tensor *a, int64_t axis) {
    return ct::make([&] { return at::unsqueeze(a->value, axis); });
}

ct_tensor *ct_expand(const ct_tensor *a, const int64_t *shape, int64_t rank) {
    return ct::make([&] { return a->value.expand(ct::sizes(shape, rank)); });
}

ct_tensor *ct_flatten(const ct_tensor *a, int64_t first, int64_t last) {
    return ct::make([&] { return at::flatten(a->value, first, last); });
}

ct_tensor *ct_narrow(const ct_tensor *a, int64_t axis, int64_t start, int64_t length) {
    return ct::make([&] { return at::narrow(a->value, axis, start, length); });
}

ct_tensor *ct_select(const ct_tensor *a, int64_t axis, int64_t index) {
    return ct::make([&] { return at::select(a->value, axis, index); });
}

ct_tensor *ct_slice(const ct_tensor *a, int64_t axis, int64_t start, int64_t end, int64_t step) {
    return ct::make([&] { return at::slice(a->value, axis, start, end, step); });
}

ct_tensor *ct_cat(ct_tensor *const *tensors, int64_t count, int64_t axis) {
    return ct::make([&] { return at::cat(ct::list(tensors, count), axis); });
}

ct_tensor *ct_stack(ct_tensor *const *tensors, int64_t count, int64_t axis) {
    return ct::make([&] { return at::stack(ct::list(tensors, count), axis); });
}

bool ct_split(
    const ct_tensor *a, const int64_t *sizes, int64_t count, int64_t axis, ct_tensor **parts) {
    return ct::perform([&] {
        auto pieces = at::split_with_sizes(a->value, ct::sizes(sizes, count), axis);
        for (int64_t i = 0; i < count; ++i) parts[i] = new ct_tensor(std::move(pieces[i]));
    });
}

ct_tensor *ct_repeat_interleave(const ct_tensor *a, int64_t times, int64_t axis) {
    return ct::make([&] { return at::repeat_interleave(a->value, times, axis); });
}

ct_tensor *ct_repeat(const ct_tensor *a, const int64_t *times, int64_t rank) {
    return ct::make([&] { return a->value.repeat(ct::sizes(times, rank)); });
}

ct_tensor *ct_flip(const ct_tensor *a, int64_t axis) {
    return ct::make([&] { return at::flip(a->value, at::IntArrayRef(&axis, 1)); });
}

ct_tensor *ct_contiguous(const ct_tensor *a) {
    return ct::make([&] { return a->value.contiguous(); });
}

ct_tensor *ct_clone(const ct_tensor *a) {
    return ct::make([&] { return a->value.clone(); });
}

ct_tensor *ct_triu(const ct_tensor *a, int64_t diagonal) {
    return ct::make([&] { return at::triu(a->value, diagonal); });
}

ct_tensor *ct_tril(const ct_tensor *a, int64_t diagonal) {
    return ct::make([&] { return at::tril(a->value, diagonal); });
}
