#include "instruction_set.h"

#include <algorithm>
#include <utility>

namespace {
// Of this thread alone, so that a test of one variant leaves the work of other threads as it is.
thread_local ct_instruction_set limit = CT_AVX512_BF16;

ct_instruction_set available() {
#ifdef CT_HAS_X86_VARIANTS
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
        return __builtin_cpu_supports("avx512bf16") ? CT_AVX512_BF16 : CT_AVX512;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return CT_AVX2;
#endif
    return CT_PLAIN;
}
} // namespace

namespace ct {

ct_instruction_set instruction_set() {
    static const ct_instruction_set best = available();
    return std::min(best, limit);
}

} // namespace ct

ct_instruction_set ct_limit_instruction_set(ct_instruction_set value) {
    return std::exchange(limit, value);
}
