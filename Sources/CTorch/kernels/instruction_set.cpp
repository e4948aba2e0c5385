#include "instruction_set.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace {
// Of this thread alone, so that a test of one variant leaves the work of other threads as it is.
thread_local ct_instruction_set limit = CT_AVX512_BF16;

/// What the environment allows the whole process.
ct_instruction_set allowed() {
    const char *const wanted = std::getenv("HONE_INSTRUCTION_SET");
    if (wanted == nullptr || *wanted == 0) return CT_AVX512_BF16;
    constexpr std::pair<std::string_view, ct_instruction_set> names[] = {
        {"plain", CT_PLAIN},
        {"avx2", CT_AVX2},
        {"avx512", CT_AVX512},
        {"avx512_bf16", CT_AVX512_BF16},
    };
    for (const auto &[name, set] : names) {
        if (name == wanted) return set;
    }
    TORCH_WARN(
        "HONE_INSTRUCTION_SET is ", wanted, ", which is none of plain, avx2, avx512 and avx512_bf16; "
        "whatever the processor has is used");
    return CT_AVX512_BF16;
}

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

ct_instruction_set process_instruction_set() {
    static const ct_instruction_set best = std::min(available(), allowed());
    return best;
}

ct_instruction_set instruction_set() { return std::min(process_instruction_set(), limit); }

} // namespace ct

ct_instruction_set ct_limit_instruction_set(ct_instruction_set value) {
    return std::exchange(limit, value);
}
