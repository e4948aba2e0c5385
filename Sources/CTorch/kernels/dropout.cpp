// A part of transformer.cpp, which has the row loops.
#include "dropout.h"

at::Tensor ct::dropped(const at::Tensor &x, double p, uint64_t seed) {
    const auto threshold = static_cast<uint32_t>(std::min(p * 4294967296.0, 4294967295.0));
    const auto factor = static_cast<float>(1 / (1 - p));
    if (!is_served(x)) {
        const at::Tensor ones = at::ones(x.sizes(), at::kFloat);
        return x * dropped(ones, p, seed).to(x.options());
    }
    const at::Tensor dense = x.contiguous();
    at::Tensor out = at::empty(x.sizes(), x.options());
    CT_DISPATCH(x, drop<T>(CT_DATA(dense), x.numel(), seed, threshold, factor, CT_OUT(out));)
    return out;
}

ct_tensor *ct_dropout(const ct_tensor *x, double p, uint64_t seed) {
    return ct::make([&] {
        TORCH_CHECK(p >= 0 && p < 1, "dropout takes a share in [0, 1), not ", p);
        return ct::dropped(x->value.detach(), p, seed);
    });
}
