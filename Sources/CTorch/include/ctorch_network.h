#pragma once
#include "ctorch_types.h"

CT_BEGIN
ct_tensor *ct_matmul(const ct_tensor *a, const ct_tensor *b);
bool ct_matmul_into(ct_tensor *out, const ct_tensor *a, const ct_tensor *b);
ct_tensor *ct_addmm(
    const ct_tensor *a, const ct_tensor *left, const ct_tensor *right, double beta, double alpha);
bool ct_addmm_(
    ct_tensor *a, const ct_tensor *left, const ct_tensor *right, double beta, double alpha);
/// `bias` may be null.
ct_tensor *ct_linear(const ct_tensor *a, const ct_tensor *weight, const ct_tensor *bias);
ct_tensor *ct_embedding(const ct_tensor *weight, const ct_tensor *index);
ct_tensor *ct_softmax(const ct_tensor *a, int64_t axis);
ct_tensor *ct_log_softmax(const ct_tensor *a, int64_t axis);
/// `weight` may be null.
ct_tensor *ct_rms_norm(const ct_tensor *a, const ct_tensor *weight, double epsilon);
ct_tensor *ct_layer_norm(
    const ct_tensor *a, const ct_tensor *weight, const ct_tensor *bias, double epsilon);
/// `mask` and `scale` may be null.
ct_tensor *ct_attention(
    const ct_tensor *query, const ct_tensor *key, const ct_tensor *value, const ct_tensor *mask,
    bool causal, const double *scale, bool grouped);
CT_END
