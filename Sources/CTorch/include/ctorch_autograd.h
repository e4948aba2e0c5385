#pragma once
#include "ctorch_types.h"

CT_BEGIN
bool ct_requires_grad(const ct_tensor *tensor);
bool ct_set_requires_grad(ct_tensor *tensor, bool value);
/// Null, without an error, where there is no gradient.
ct_tensor *ct_grad(const ct_tensor *tensor);
/// `gradient` null removes it.
bool ct_set_grad(ct_tensor *tensor, const ct_tensor *gradient);
ct_tensor *ct_detach(const ct_tensor *tensor);
/// `seeds` holds one gradient for each output, or null entries for scalars.
bool ct_backward(
    ct_tensor *const *outputs, ct_tensor *const *seeds, int64_t count, bool retain_graph);
/// Gradients of the outputs by `inputs`, written to `gradients`; null where an input is unused.
bool ct_gradients(
    ct_tensor *const *outputs, ct_tensor *const *seeds, int64_t count, ct_tensor *const *inputs,
    int64_t input_count, bool retain_graph, ct_tensor **gradients);
/// Sets this thread's gradient mode and returns the one before.
bool ct_exchange_grad_mode(bool enabled);
bool ct_grad_mode(void);

/// A piece of a computation that is made again in the backward pass. `forward` returns a new tensor, or null
/// for a failure; `release` is called once, when neither pass can need it any more.
typedef struct ct_recomputation {
    void *context;
    ct_tensor *(*forward)(void *context, const ct_tensor *input);
    void (*release)(void *context);
} ct_recomputation;
/// What `forward` makes of `input`, keeping the input alone for the backward pass. Takes over the context
/// even where it fails.
ct_tensor *ct_recomputed(const ct_tensor *input, const ct_recomputation *functions);
CT_END
