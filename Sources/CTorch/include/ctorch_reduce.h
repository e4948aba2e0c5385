#pragma once
#include "ctorch_types.h"

CT_BEGIN
// `axes` null: over all elements.
ct_tensor *ct_sum(const ct_tensor *a, const int64_t *axes, int64_t count, bool keep);
ct_tensor *ct_mean(const ct_tensor *a, const int64_t *axes, int64_t count, bool keep);
ct_tensor *ct_amax(const ct_tensor *a, const int64_t *axes, int64_t count, bool keep);
ct_tensor *ct_amin(const ct_tensor *a, const int64_t *axes, int64_t count, bool keep);
ct_tensor *ct_logsumexp(const ct_tensor *a, int64_t axis, bool keep);
ct_tensor *ct_norm(const ct_tensor *a);
ct_tensor *ct_variance(const ct_tensor *a, int64_t axis, double correction, bool keep);
ct_tensor *ct_any(const ct_tensor *a);
ct_tensor *ct_all(const ct_tensor *a);
ct_tensor *ct_argmax(const ct_tensor *a, int64_t axis, bool keep);
ct_tensor *ct_argmin(const ct_tensor *a, int64_t axis, bool keep);
ct_tensor *ct_cumsum(const ct_tensor *a, int64_t axis);
bool ct_topk(
    const ct_tensor *a, int64_t count, int64_t axis, bool largest, ct_tensor **values,
    ct_tensor **indices);
bool ct_sort(
    const ct_tensor *a, int64_t axis, bool descending, ct_tensor **values, ct_tensor **indices);
CT_END
