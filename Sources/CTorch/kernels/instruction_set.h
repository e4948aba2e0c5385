#pragma once
#include "../include/ctorch_inference.h"

// Kernel bodies (`*.inc`) are written with the compiler's vector types and compiled once per
// instruction set, each time inside a namespace of its own, so that one binary runs everywhere and
// uses what the processor has: `variants.inc` compiles them, `CT_DISPATCH` calls the best.
#define CT_PRAGMA(text) _Pragma(#text)
#if defined(__x86_64__) && defined(__clang__)
#define CT_HAS_X86_VARIANTS 1
#include <immintrin.h>
#define CT_TARGET_AVX512_BF16                                                                        \
    CT_PRAGMA(clang attribute push(                                                                  \
        __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma,f16c"))),      \
        apply_to = function))
#define CT_TARGET_AVX512                                                                             \
    CT_PRAGMA(clang attribute push(                                                                  \
        __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c"))),                 \
        apply_to = function))
#define CT_TARGET_AVX2                                                                               \
    CT_PRAGMA(clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function))
#define CT_TARGET_END CT_PRAGMA(clang attribute pop)
#endif

#define CT_IN_VARIANT(variant, is_short, ...)                                                        \
    {                                                                                                \
        using namespace ct::variant;                                                                 \
        if (is_short) {                                                                              \
            using T = bf16;                                                                          \
            __VA_ARGS__                                                                              \
        } else {                                                                                     \
            using T = float;                                                                         \
            __VA_ARGS__                                                                              \
        }                                                                                            \
    }

/// Runs the statements in the namespace of `set`, with `T` the element type of `like`, f32 or bf16.
#ifdef CT_HAS_X86_VARIANTS
#define CT_DISPATCH_TO(set, like, ...)                                                               \
    {                                                                                                \
        const bool is_short_type = (like).scalar_type() == at::kBFloat16;                            \
        const ct_instruction_set chosen_set = (set);                                                 \
        if (chosen_set == CT_AVX512_BF16) CT_IN_VARIANT(avx512bf16, is_short_type, __VA_ARGS__)      \
        else if (chosen_set == CT_AVX512) CT_IN_VARIANT(avx512, is_short_type, __VA_ARGS__)          \
        else if (chosen_set == CT_AVX2) CT_IN_VARIANT(avx2, is_short_type, __VA_ARGS__)              \
        else CT_IN_VARIANT(plain, is_short_type, __VA_ARGS__)                                        \
    }
#else
#define CT_DISPATCH_TO(set, like, ...)                                                               \
    {                                                                                                \
        const bool is_short_type = (like).scalar_type() == at::kBFloat16;                            \
        CT_IN_VARIANT(plain, is_short_type, __VA_ARGS__)                                             \
    }
#endif
/// The same in the namespace of the best instruction set.
#define CT_DISPATCH(like, ...) CT_DISPATCH_TO(ct::instruction_set(), like, __VA_ARGS__)

namespace ct {

/// The best instruction set that this processor has, the kernels were compiled for, and `HONE_INSTRUCTION_SET`
/// allows.
ct_instruction_set process_instruction_set();
/// The same, where no test forbids it on this thread.
ct_instruction_set instruction_set();

/// Asks for a line that will be written: a store whose line is far away holds up those after it.
inline void ask_to_write(const void *line) {
#ifdef CT_HAS_X86_VARIANTS
    __asm__ volatile("prefetchw %0" : : "m"(*static_cast<const char *>(line)));
#else
    __builtin_prefetch(line, 1);
#endif
}

} // namespace ct
