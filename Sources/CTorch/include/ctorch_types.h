#pragma once
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
#define CT_BEGIN extern "C" {
#define CT_END }
#else
#define CT_BEGIN
#define CT_END
#endif

/// One retained reference to a tensor; `ct_free` gives it back.
typedef struct ct_tensor ct_tensor;

typedef enum ct_dtype {
    CT_FLOAT32 = 0,
    CT_BFLOAT16 = 1,
    CT_FLOAT16 = 2,
    CT_FLOAT64 = 3,
    CT_INT64 = 4,
    CT_INT32 = 5,
    CT_INT16 = 6,
    CT_INT8 = 7,
    CT_UINT8 = 8,
    CT_BOOL = 9,
    /// A type that libtorch has and this interface does not.
    CT_OTHER = 100,
} ct_dtype;

typedef enum ct_device_kind { CT_CPU = 0, CT_CUDA = 1, CT_MPS = 2 } ct_device_kind;

typedef struct ct_device {
    ct_device_kind kind;
    int32_t index;
} ct_device;

typedef enum ct_error_kind { CT_ERROR_OPERATION = 0, CT_ERROR_OUT_OF_MEMORY = 1 } ct_error_kind;

/// A number that keeps whether it was whole, since libtorch's type promotion depends on it.
typedef struct ct_scalar {
    bool is_integer;
    int64_t integer;
    double real;
} ct_scalar;

CT_BEGIN
/// What the last failed call on this thread said, without libtorch's backtrace. Valid until the next.
const char *ct_error_message(void);
ct_error_kind ct_last_error_kind(void);
CT_END
