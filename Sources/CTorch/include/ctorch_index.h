#pragma once
#include "ctorch_types.h"

CT_BEGIN
ct_tensor *ct_index_select(const ct_tensor *a, int64_t axis, const ct_tensor *index);
ct_tensor *ct_gather(const ct_tensor *a, int64_t axis, const ct_tensor *index);
ct_tensor *ct_masked_select(const ct_tensor *a, const ct_tensor *mask);
ct_tensor *ct_nonzero(const ct_tensor *a);
ct_tensor *ct_take_along(const ct_tensor *a, const ct_tensor *index, int64_t axis);
ct_tensor *ct_scatter(
    const ct_tensor *a, int64_t axis, const ct_tensor *index, const ct_tensor *source);
ct_tensor *ct_one_hot(const ct_tensor *a, int64_t classes);
ct_tensor *ct_index_add(
    const ct_tensor *a, int64_t axis, const ct_tensor *index, const ct_tensor *source);
bool ct_index_copy_(ct_tensor *a, int64_t axis, const ct_tensor *index, const ct_tensor *source);
bool ct_index_add_(ct_tensor *a, int64_t axis, const ct_tensor *index, const ct_tensor *source);
bool ct_index_fill_(ct_tensor *a, int64_t axis, const ct_tensor *index, ct_scalar value);
bool ct_scatter_(ct_tensor *a, int64_t axis, const ct_tensor *index, const ct_tensor *source);
bool ct_scatter_add_(ct_tensor *a, int64_t axis, const ct_tensor *index, const ct_tensor *source);
CT_END
