#pragma once
#include <ATen/ATen.h>

namespace ct {

/// A copy of `x` with a share `p` of its elements zeroed and the others divided by 1 - p. `seed` decides which.
at::Tensor dropped(const at::Tensor &x, double p, uint64_t seed);

} // namespace ct
