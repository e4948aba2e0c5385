#pragma once
#include "ctorch_types.h"

CT_BEGIN
typedef struct ct_adamw_update {
    double learning_rate, beta1, beta2, epsilon, weight_decay;
    /// From 1 on.
    int64_t step;
} ct_adamw_update;

/// A parameter, its gradient and its f32 moments. `master`, the f32 copy of a parameter of half
/// precision, is null where the parameter is f32.
typedef struct ct_adamw_slot {
    ct_tensor *parameter;
    const ct_tensor *gradient;
    ct_tensor *first, *second, *master;
    ct_adamw_update update;
} ct_adamw_slot;

/// One AdamW update of each parameter and its moments in place, all of them shared out to the threads together.
bool ct_adamw_step(const ct_adamw_slot *slots, int64_t count);
/// The same by tensor operators, for any device; what `ct_adamw_step` is tested against.
bool ct_adamw_step_plain(const ct_adamw_slot *slots, int64_t count);

/// How many consecutive numbers of an 8-bit state share a scale.
enum { CT_STATE_BLOCK = 256 };

/// The 256 numbers in ascending order that an 8-bit state stands for: Dettmers' dynamic tree code, with
/// a sign or without.
void ct_dynamic_code(bool is_signed, float *values);

/// Moments kept in 8 bits: codes [n] uint8 and scales [⌈n / CT_STATE_BLOCK⌉] f32 of the first moment and of
/// the second's root. `seed` decides how the new state is rounded.
typedef struct ct_adamw_8bit_state {
    ct_tensor *first_codes, *first_scales, *second_codes, *second_scales;
    uint32_t seed;
} ct_adamw_8bit_state;

/// As `ct_adamw_step` with moments in 8 bits. Rounding of the state is to one of the two neighbours, with
/// chances that make it right on average.
bool ct_adamw_8bit_step(
    ct_tensor *parameter, const ct_tensor *gradient, const ct_adamw_8bit_state *state,
    ct_tensor *master, const ct_adamw_update *update);
/// The same by tensor operators, for any device; what `ct_adamw_8bit_step` is tested against.
bool ct_adamw_8bit_step_plain(
    ct_tensor *parameter, const ct_tensor *gradient, const ct_adamw_8bit_state *state,
    ct_tensor *master, const ct_adamw_update *update);

/// The norm of all gradients that `parameters` have.
bool ct_gradient_norm(ct_tensor *const *parameters, int64_t count, double *norm);
bool ct_scale_gradients(ct_tensor *const *parameters, int64_t count, double scale);
/// Adds to each parameter's gradient, which becomes `gradients[i]` where there is none yet; null adds nothing.
bool ct_add_gradients(ct_tensor *const *parameters, ct_tensor *const *gradients, int64_t count);
CT_END
