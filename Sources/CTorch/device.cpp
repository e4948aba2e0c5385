#include "guard.h"
#include "host_memory.h"
#include "kernels/elements.h"
#include "kernels/gemm.h"
#include "kernels/parallel.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/version.h>

#include <vector>

const char *ct_version(void) { return TORCH_VERSION; }

const char *ct_cpu_capability(void) {
    static const std::string capability = at::get_cpu_capability();
    return capability.c_str();
}

bool ct_cpu_has(ct_cpu_feature feature) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    switch (feature) {
        case CT_CPU_AVX2: return __builtin_cpu_supports("avx2");
        case CT_CPU_AVX512: return __builtin_cpu_supports("avx512bw");
        case CT_CPU_AVX512_BF16: return __builtin_cpu_supports("avx512bf16");
        case CT_CPU_AMX_BF16: {
            // Leaf 7, EDX bit 22 is AMX-BF16; the kernel must also agree, which libtorch asks it.
            unsigned a = 7, b = 0, c = 0, d = 0;
            __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
            return (d >> 22) & 1;
        }
    }
#endif
    return false;
}

int32_t ct_cuda_count(void) {
    int32_t count = 0;
    ct::perform([&] {
        if (at::globalContext().hasCUDA()) {
            count = c10::impl::VirtualGuardImpl(at::kCUDA).deviceCount();
        }
    });
    return count;
}

bool ct_mps_available(void) {
    bool available = false;
    ct::perform([&] { available = at::globalContext().hasMPS(); });
    return available;
}

bool ct_synchronize(ct_device device) {
    return ct::perform([&] {
        const auto where = ct::device(device);
        if (where.is_cpu()) return;
        c10::impl::VirtualGuardImpl(where.type()).synchronizeDevice(where.index());
    });
}

bool ct_accelerator_memory(ct_device device, int64_t *allocated, int64_t *peak) {
    return ct::perform([&] {
        const auto where = ct::device(device);
        const auto stats = at::getDeviceAllocator(where.type())->getDeviceStats(where.index());
        const auto &bytes = stats.allocated_bytes[static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE)];
        *allocated = bytes.current;
        *peak = bytes.peak;
    });
}

bool ct_reset_accelerator_peak(ct_device device) {
    return ct::perform([&] {
        const auto where = ct::device(device);
        at::getDeviceAllocator(where.type())->resetPeakStats(where.index());
    });
}

bool ct_empty_cache(ct_device device) {
    return ct::perform([&] {
        const auto where = ct::device(device);
        if (!where.is_cpu()) at::getDeviceAllocator(where.type())->emptyCache();
    });
}

int32_t ct_thread_count(void) { return ct::thread_count(); }

bool ct_set_thread_count(int32_t count) {
    return ct::perform([&] { ct::set_thread_count(count); });
}

void ct_for_each_in_lanes(
    int64_t count, int64_t lanes, void (*body)(void *context, int64_t index), void *context) {
    ct::for_each_in_lanes(count, lanes, body, context);
}

bool ct_has_lanes(void) { return ct::gemm_fits_processor(); }

ct_product_backend ct_current_product_backend(void) {
    ct_product_backend backend = CT_PRODUCTS_WRONG;
    ct::perform([&] {
        backend = ct::gemm_backend();
        if (backend == CT_PRODUCTS_OURS && !ct::gemm_supports(at::kBFloat16)) {
            backend = CT_PRODUCTS_WRONG;
        }
    });
    return backend;
}

bool ct_read_through(const ct_tensor *tensor, double *sum) {
    return ct::perform([&] {
        const at::Tensor &x = tensor->value;
        TORCH_CHECK(
            x.is_cpu() && x.scalar_type() == at::kFloat && x.is_contiguous(),
            "only dense f32 tensors on the host are read through");
        const float *values = ct::elements<float>(x);
        constexpr int64_t grain = 1 << 18;
        const int64_t count = x.numel();
        std::vector<double> parts((count + grain - 1) / grain);
        ct::for_each_range(count, grain, [&](int64_t begin, int64_t end) {
            float sums[64] = {};
            for (; begin + 64 <= end; begin += 64) {
                for (int i = 0; i < 64; ++i) sums[i] += values[begin + i];
            }
            double part = 0;
            for (const float each : sums) part += each;
            for (; begin < end; ++begin) part += values[begin];
            parts[(end - 1) / grain] = part;
        });
        *sum = 0;
        for (const double part : parts) *sum += part;
    });
}

bool ct_manual_seed(uint64_t seed) {
    return ct::perform([&] { at::manual_seed(seed); });
}

bool ct_set_exact_float32(bool exact) {
    return ct::perform([&] {
        at::globalContext().setAllowTF32CuBLAS(!exact);
        at::globalContext().setAllowBF16ReductionCuBLAS(!exact);
    });
}

namespace {
/// Before the first tensor: where memory comes from, and whose threads work.
const bool is_prepared = [] {
    ct::keep_host_memory();
    ct::set_thread_count(ct::thread_count());
    return true;
}();
} // namespace
