#include "../guard.h"
#include "instruction_set.h"
#include "parallel.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#ifdef CT_HAS_X86_VARIANTS
CT_TARGET_AVX512
namespace ct::avx512 {
#include "vector.inc"
#include "sampling.inc"
} // namespace ct::avx512
CT_TARGET_END
CT_TARGET_AVX2
namespace ct::avx2 {
#include "vector.inc"
#include "sampling.inc"
} // namespace ct::avx2
CT_TARGET_END
#endif
namespace ct::plain {
#include "vector.inc"
#include "sampling.inc"
} // namespace ct::plain

namespace {

void draw(
    const at::Tensor &logits, const ct_draw &draw, const int32_t *seen, ct_drawn &drawn,
    ct_instruction_set set
) {
    const int64_t width = logits.size(1);
    const int64_t offset = draw.logits_row * logits.stride(0);
    const bool is_bf16 = logits.scalar_type() == at::kBFloat16;
    const void *base = logits.const_data_ptr();
#define CT_DRAW(set)                                                                                 \
    if (is_bf16) {                                                                                   \
        using namespace ct::set;                                                                     \
        draw_row(static_cast<const bf16 *>(base) + offset, width, draw, seen, drawn);                \
    } else {                                                                                         \
        ct::set::draw_row(static_cast<const float *>(base) + offset, width, draw, seen, drawn);      \
    }
#ifdef CT_HAS_X86_VARIANTS
    if (set == CT_AVX512) {
        CT_DRAW(avx512)
        return;
    }
    if (set == CT_AVX2) {
        CT_DRAW(avx2)
        return;
    }
#endif
    CT_DRAW(plain)
}

} // namespace

bool ct_sample(
    const ct_tensor *logits, const ct_draw *draws, int64_t count, const int32_t *seen,
    ct_drawn *drawn
) {
    return ct::perform([&] {
        const at::Tensor &values = logits->value;
        TORCH_CHECK(
            values.dim() == 2 && values.size(1) > 0 && values.stride(1) == 1 && values.is_cpu()
                && (values.scalar_type() == at::kFloat || values.scalar_type() == at::kBFloat16),
            "sampling takes logits [R, V] in f32 or bf16 on the CPU, not ", values.sizes(), " ",
            values.scalar_type(), " on ", values.device());
        for (int64_t i = 0; i < count; ++i) {
            TORCH_CHECK(
                draws[i].logits_row >= 0 && draws[i].logits_row < values.size(0),
                "draw ", i, " names row ", draws[i].logits_row, " of ", values.size(0));
        }
        const auto set = ct::instruction_set();
        ct::for_each_task(
            count, [&](int64_t i) { draw(values, draws[i], seen, drawn[i], set); });
    });
}
