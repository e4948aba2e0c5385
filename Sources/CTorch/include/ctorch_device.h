#pragma once
#include "ctorch_types.h"

CT_BEGIN
const char *ct_version(void);
/// The instruction set libtorch's own CPU kernels use, such as "AVX512".
const char *ct_cpu_capability(void);
typedef enum ct_cpu_feature {
    CT_CPU_AVX2,
    CT_CPU_AVX512,
    CT_CPU_AVX512_BF16,
    CT_CPU_AMX_BF16,
} ct_cpu_feature;
bool ct_cpu_has(ct_cpu_feature feature);

int32_t ct_cuda_count(void);
bool ct_mps_available(void);
bool ct_synchronize(ct_device device);
bool ct_accelerator_memory(ct_device device, int64_t *allocated, int64_t *peak);
bool ct_reset_accelerator_peak(ct_device device);
bool ct_empty_cache(ct_device device);

int32_t ct_thread_count(void);
bool ct_set_thread_count(int32_t count);
/// Calls `body(context, i)` for every i from 0 to `count` - 1, `lanes` of them at one time, each on a thread of
/// its own with the caller's settings: operations of one do not wait for another's. Where threads are not
/// ours, one after the other.
void ct_for_each_in_lanes(
    int64_t count, int64_t lanes, void (*body)(void *context, int64_t index), void *context);
/// Whether threads are ours.
bool ct_has_lanes(void);
/// Who computes matrix products on the host, and where it is libtorch, why.
typedef enum ct_product_backend {
    CT_PRODUCTS_OURS,
    /// No AVX-512 with bf16 dot products, which ours are made of.
    CT_PRODUCTS_WITHOUT_BF16,
    /// Tile instructions (AMX), which libtorch uses and ours do not.
    CT_PRODUCTS_BY_AMX,
    /// A processor on which libtorch's own are fast.
    CT_PRODUCTS_NOT_AMD,
    /// `HONE_INSTRUCTION_SET` forbids the instructions.
    CT_PRODUCTS_FORBIDDEN,
    /// A first product of ours came out wrong.
    CT_PRODUCTS_WRONG,
} ct_product_backend;
ct_product_backend ct_current_product_backend(void);
/// The sum of a dense f32 tensor on the host, read once by all threads.
bool ct_read_through(const ct_tensor *tensor, double *sum);
bool ct_manual_seed(uint64_t seed);
/// Whether bf16 products in f32 sums may be reduced in bf16 on CUDA, and TF32 used for f32.
bool ct_set_exact_float32(bool exact);
/// Gives freed host memory back to the system.
void ct_trim_host_memory(void);
CT_END
