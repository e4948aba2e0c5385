#pragma once
#include "ctorch_types.h"

CT_BEGIN
ct_tensor *ct_add(const ct_tensor *a, const ct_tensor *b);
ct_tensor *ct_sub(const ct_tensor *a, const ct_tensor *b);
ct_tensor *ct_mul(const ct_tensor *a, const ct_tensor *b);
ct_tensor *ct_div(const ct_tensor *a, const ct_tensor *b);
ct_tensor *ct_add_scalar(const ct_tensor *a, ct_scalar b);
ct_tensor *ct_sub_scalar(const ct_tensor *a, ct_scalar b);
ct_tensor *ct_rsub_scalar(const ct_tensor *a, ct_scalar b);
ct_tensor *ct_mul_scalar(const ct_tensor *a, ct_scalar b);
ct_tensor *ct_div_scalar(const ct_tensor *a, ct_scalar b);
ct_tensor *ct_rdiv_scalar(const ct_tensor *a, ct_scalar b);
ct_tensor *ct_floor_divide_scalar(const ct_tensor *a, ct_scalar b);
ct_tensor *ct_remainder_scalar(const ct_tensor *a, ct_scalar b);
ct_tensor *ct_pow_scalar(const ct_tensor *a, ct_scalar b);
ct_tensor *ct_pow(const ct_tensor *a, const ct_tensor *b);
ct_tensor *ct_maximum(const ct_tensor *a, const ct_tensor *b);
ct_tensor *ct_minimum(const ct_tensor *a, const ct_tensor *b);
/// A null bound does not bound.
ct_tensor *ct_clamp(const ct_tensor *a, const ct_scalar *low, const ct_scalar *high);
ct_tensor *ct_where(const ct_tensor *condition, const ct_tensor *a, const ct_tensor *b);
ct_tensor *ct_masked_fill(const ct_tensor *a, const ct_tensor *mask, ct_scalar value);

ct_tensor *ct_neg(const ct_tensor *a);
ct_tensor *ct_abs(const ct_tensor *a);
ct_tensor *ct_sign(const ct_tensor *a);
ct_tensor *ct_exp(const ct_tensor *a);
ct_tensor *ct_expm1(const ct_tensor *a);
ct_tensor *ct_log(const ct_tensor *a);
ct_tensor *ct_log1p(const ct_tensor *a);
ct_tensor *ct_sqrt(const ct_tensor *a);
ct_tensor *ct_rsqrt(const ct_tensor *a);
ct_tensor *ct_square(const ct_tensor *a);
ct_tensor *ct_reciprocal(const ct_tensor *a);
ct_tensor *ct_sin(const ct_tensor *a);
ct_tensor *ct_cos(const ct_tensor *a);
ct_tensor *ct_tanh(const ct_tensor *a);
ct_tensor *ct_sigmoid(const ct_tensor *a);
ct_tensor *ct_log_sigmoid(const ct_tensor *a);
ct_tensor *ct_softplus(const ct_tensor *a);
ct_tensor *ct_relu(const ct_tensor *a);
ct_tensor *ct_silu(const ct_tensor *a);
ct_tensor *ct_gelu(const ct_tensor *a, bool tanh_approximation);
ct_tensor *ct_floor(const ct_tensor *a);
ct_tensor *ct_ceil(const ct_tensor *a);
ct_tensor *ct_round(const ct_tensor *a);
ct_tensor *ct_isfinite(const ct_tensor *a);
ct_tensor *ct_isnan(const ct_tensor *a);

typedef enum ct_comparison { CT_EQ, CT_NE, CT_LT, CT_LE, CT_GT, CT_GE } ct_comparison;
ct_tensor *ct_compare(ct_comparison comparison, const ct_tensor *a, const ct_tensor *b);
ct_tensor *ct_compare_scalar(ct_comparison comparison, const ct_tensor *a, ct_scalar b);
ct_tensor *ct_logical_not(const ct_tensor *a);
ct_tensor *ct_logical_and(const ct_tensor *a, const ct_tensor *b);
ct_tensor *ct_logical_or(const ct_tensor *a, const ct_tensor *b);

bool ct_add_(ct_tensor *a, const ct_tensor *b, double scale);
bool ct_mul_(ct_tensor *a, const ct_tensor *b);
bool ct_div_(ct_tensor *a, const ct_tensor *b);
bool ct_add_scalar_(ct_tensor *a, ct_scalar b);
bool ct_mul_scalar_(ct_tensor *a, ct_scalar b);
bool ct_fill_(ct_tensor *a, ct_scalar value);
bool ct_copy_(ct_tensor *a, const ct_tensor *source);
bool ct_lerp_(ct_tensor *a, const ct_tensor *end, double weight);
bool ct_addcmul_(ct_tensor *a, const ct_tensor *b, const ct_tensor *c, double scale);
bool ct_masked_fill_(ct_tensor *a, const ct_tensor *mask, ct_scalar value);
CT_END
