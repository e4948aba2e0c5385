#pragma once
#include "ctorch_types.h"

CT_BEGIN
/// Copies `values`, which are of `dtype` and in host memory.
ct_tensor *ct_from_values(
    const void *values, ct_dtype dtype, const int64_t *shape, int64_t rank, ct_device device);
/// A tensor over foreign host memory; `release(owner)` is called when the last view of it goes.
ct_tensor *ct_from_memory(
    void *memory, ct_dtype dtype, const int64_t *shape, int64_t rank, void *owner,
    void (*release)(void *owner));
ct_tensor *ct_full(
    ct_scalar value, const int64_t *shape, int64_t rank, ct_dtype dtype, ct_device device);
ct_tensor *ct_empty(const int64_t *shape, int64_t rank, ct_dtype dtype, ct_device device);
ct_tensor *ct_zeros_like(const ct_tensor *tensor);
ct_tensor *ct_empty_like(const ct_tensor *tensor);
ct_tensor *ct_arange(
    ct_scalar start, ct_scalar end, ct_scalar step, ct_dtype dtype, ct_device device);
ct_tensor *ct_linspace(double start, double end, int64_t steps, ct_dtype dtype, ct_device device);

typedef enum ct_distribution { CT_NORMAL = 0, CT_UNIFORM = 1 } ct_distribution;
/// Draws from the device's own generator, or from a new one where `seed` is given.
ct_tensor *ct_random(
    ct_distribution distribution, const uint64_t *seed, const int64_t *shape, int64_t rank,
    ct_dtype dtype, ct_device device);
CT_END
