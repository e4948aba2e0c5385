#pragma once
#include "ctorch_types.h"

CT_BEGIN
typedef struct ct_adamw_update {
    double learning_rate, beta1, beta2, epsilon, weight_decay;
    /// From 1 on.
    int64_t step;
} ct_adamw_update;

/// One AdamW update of `parameter` and its f32 moments in place. `master`, the f32 copy of a
/// parameter of half precision, is null where the parameter is f32.
bool ct_adamw_step(
    ct_tensor *parameter, const ct_tensor *gradient, ct_tensor *first, ct_tensor *second,
    ct_tensor *master, const ct_adamw_update *update);
/// The same by tensor operators, for any device; what `ct_adamw_step` is tested against.
bool ct_adamw_step_plain(
    ct_tensor *parameter, const ct_tensor *gradient, ct_tensor *first, ct_tensor *second,
    ct_tensor *master, const ct_adamw_update *update);

/// The norm of all gradients that `parameters` have.
bool ct_gradient_norm(ct_tensor *const *parameters, int64_t count, double *norm);
bool ct_scale_gradients(ct_tensor *const *parameters, int64_t count, double scale);
CT_END
