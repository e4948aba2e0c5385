#pragma once
#include "ctorch_types.h"

CT_BEGIN
void ct_free(ct_tensor *tensor);
/// Another handle to the same tensor.
ct_tensor *ct_alias(const ct_tensor *tensor);
/// Handles alive in this process.
int64_t ct_live_count(void);

int64_t ct_rank(const ct_tensor *tensor);
int64_t ct_element_count(const ct_tensor *tensor);
/// Writes `ct_rank` sizes.
void ct_shape(const ct_tensor *tensor, int64_t *sizes);
void ct_strides(const ct_tensor *tensor, int64_t *strides);
int64_t ct_size(const ct_tensor *tensor, int64_t axis);
ct_dtype ct_get_dtype(const ct_tensor *tensor);
ct_device ct_get_device(const ct_tensor *tensor);
bool ct_is_contiguous(const ct_tensor *tensor);
/// The first element; null for a tensor without elements or not in host memory.
void *ct_data(const ct_tensor *tensor);
/// Where the storage lies; equal for views of one storage.
const void *ct_storage(const ct_tensor *tensor);

/// Copies all elements, converted to `dtype`, in row-major order, to host memory.
bool ct_copy_out(const ct_tensor *tensor, ct_dtype dtype, void *destination);
/// The one element of a tensor with one element.
bool ct_item_real(const ct_tensor *tensor, double *value);
bool ct_item_integer(const ct_tensor *tensor, int64_t *value);

ct_tensor *ct_to_dtype(const ct_tensor *tensor, ct_dtype dtype);
ct_tensor *ct_to_device(const ct_tensor *tensor, ct_device device);
CT_END
