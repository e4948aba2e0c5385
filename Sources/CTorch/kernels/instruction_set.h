#pragma once
#include "../include/ctorch_inference.h"

// Kernel bodies (`*.inc`) are written with the compiler's vector types and compiled once per
// instruction set, each time inside a namespace of its own:
//
//     CT_TARGET_BEGIN(avx512) … #include "body.inc" … CT_TARGET_END
//
// so that one binary runs everywhere and uses what the processor has. All headers must be included
// before the first of them.
#define CT_PRAGMA(text) _Pragma(#text)
#if defined(__x86_64__) && defined(__clang__)
#define CT_HAS_X86_VARIANTS 1
#define CT_TARGET_AVX512                                                                             \
    CT_PRAGMA(clang attribute push(                                                                  \
        __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c"))),                 \
        apply_to = function))
#define CT_TARGET_AVX2                                                                               \
    CT_PRAGMA(clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function))
#define CT_TARGET_END CT_PRAGMA(clang attribute pop)
#endif

namespace ct {

/// The best instruction set that this processor has, the kernels were compiled for, and no test forbids.
ct_instruction_set instruction_set();

} // namespace ct
