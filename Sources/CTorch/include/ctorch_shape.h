#pragma once
#include "ctorch_types.h"

CT_BEGIN
ct_tensor *ct_reshape(const ct_tensor *a, const int64_t *shape, int64_t rank);
ct_tensor *ct_view(const ct_tensor *a, const int64_t *shape, int64_t rank);
ct_tensor *ct_transpose(const ct_tensor *a, int64_t first, int64_t second);
ct_tensor *ct_permute(const ct_tensor *a, const int64_t *axes, int64_t rank);
ct_tensor *ct_squeeze(const ct_tensor *a, int64_t axis);
ct_tensor *ct_unsqueeze(const ct_tensor *a, int64_t axis);
ct_tensor *ct_expand(const ct_tensor *a, const int64_t *shape, int64_t rank);
ct_tensor *ct_flatten(const ct_tensor *a, int64_t first, int64_t last);
ct_tensor *ct_narrow(const ct_tensor *a, int64_t axis, int64_t start, int64_t length);
ct_tensor *ct_select(const ct_tensor *a, int64_t axis, int64_t index);
ct_tensor *ct_slice(const ct_tensor *a, int64_t axis, int64_t start, int64_t end, int64_t step);
ct_tensor *ct_cat(ct_tensor *const *tensors, int64_t count, int64_t axis);
ct_tensor *ct_stack(ct_tensor *const *tensors, int64_t count, int64_t axis);
/// Writes `count` parts of the given sizes.
bool ct_split(
    const ct_tensor *a, const int64_t *sizes, int64_t count, int64_t axis, ct_tensor **parts);
ct_tensor *ct_repeat_interleave(const ct_tensor *a, int64_t times, int64_t axis);
ct_tensor *ct_repeat(const ct_tensor *a, const int64_t *times, int64_t rank);
ct_tensor *ct_flip(const ct_tensor *a, int64_t axis);
ct_tensor *ct_contiguous(const ct_tensor *a);
ct_tensor *ct_clone(const ct_tensor *a);
ct_tensor *ct_triu(const ct_tensor *a, int64_t diagonal);
ct_tensor *ct_tril(const ct_tensor *a, int64_t diagonal);
CT_END
