#include "../guard.h"
#include "instruction_set.h"
#include "parallel.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#define CT_VARIANT "sampling.inc"
#include "variants.inc"

namespace {

void draw(
    const at::Tensor &logits, const ct_draw &draw, const int32_t *seen, ct_drawn &drawn,
    ct_instruction_set set
) {
    const int64_t width = logits.size(1);
    const int64_t offset = draw.logits_row * logits.stride(0);
    const void *base = logits.const_data_ptr();
    CT_DISPATCH_TO(
        set, logits,
        draw_row(static_cast<const T *>(base) + offset, width, draw, seen, drawn);)
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
