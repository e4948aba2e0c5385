#include "guard.h"
#include "kernels/selected_rows.h"

ct_tensor *ct_index_select(const ct_tensor *a, int64_t axis, const ct_tensor *index) {
    return ct::make([&] {
        const at::Tensor &from = a->value, &rows = index->value;
        return axis == 0 && ct::selects_rows(from, rows) ? ct::selected_rows(from, rows)
                                                         : at::index_select(from, axis, rows);
    });
}

ct_tensor *ct_gather(const ct_tensor *a, int64_t axis, const ct_tensor *index) {
    return ct::make([&] { return at::gather(a->value, axis, index->value); });
}

ct_tensor *ct_masked_select(const ct_tensor *a, const ct_tensor *mask) {
    return ct::make([&] { return at::masked_select(a->value, mask->value); });
}

ct_tensor *ct_nonzero(const ct_tensor *a) {
    return ct::make([&] { return at::nonzero(a->value); });
}

ct_tensor *ct_take_along(const ct_tensor *a, const ct_tensor *index, int64_t axis) {
    return ct::make([&] { return at::take_along_dim(a->value, index->value, axis); });
}

ct_tensor *ct_scatter(
    const ct_tensor *a, int64_t axis, const ct_tensor *index, const ct_tensor *source) {
    return ct::make([&] { return at::scatter(a->value, axis, index->value, source->value); });
}

ct_tensor *ct_one_hot(const ct_tensor *a, int64_t classes) {
    return ct::make([&] { return at::one_hot(a->value, classes); });
}

ct_tensor *ct_index_add(
    const ct_tensor *a, int64_t axis, const ct_tensor *index, const ct_tensor *source) {
    return ct::make([&] { return at::index_add(a->value, axis, index->value, source->value); });
}

bool ct_index_copy_(ct_tensor *a, int64_t axis, const ct_tensor *index, const ct_tensor *source) {
    return ct::perform([&] { a->value.index_copy_(axis, index->value, source->value); });
}

bool ct_index_add_(ct_tensor *a, int64_t axis, const ct_tensor *index, const ct_tensor *source) {
    return ct::perform([&] { a->value.index_add_(axis, index->value, source->value); });
}

bool ct_index_fill_(ct_tensor *a, int64_t axis, const ct_tensor *index, ct_scalar value) {
    return ct::perform([&] { a->value.index_fill_(axis, index->value, ct::scalar(value)); });
}

bool ct_scatter_(ct_tensor *a, int64_t axis, const ct_tensor *index, const ct_tensor *source) {
    return ct::perform([&] { a->value.scatter_(axis, index->value, source->value); });
}

bool ct_scatter_add_(ct_tensor *a, int64_t axis, const ct_tensor *index, const ct_tensor *source) {
    return ct::perform([&] { a->value.scatter_add_(axis, index->value, source->value); });
}
