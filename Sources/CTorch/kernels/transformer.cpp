// The operations between matrix products. Their row loops are compiled once per instruction set, for all of
// the parts below.
#include "../guard.h"
#include "column_sums.h"
#include "elements.h"
#include "instruction_set.h"
#include "known_rows.h"
#include "parallel.h"

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <memory>

#define CT_VARIANT "transformer.inc"
#include "variants.inc"

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

bool is_served(const at::Tensor &tensor) {
    return tensor.is_cpu()
        && (tensor.scalar_type() == at::kFloat || tensor.scalar_type() == at::kBFloat16);
}

/// As [outer, inner, width] with a dense last axis, without a copy where that can be.
at::Tensor as_rows(const at::Tensor &x) {
    if (x.dim() == 2 && x.stride(1) == 1) return x.unsqueeze(1);
    if (x.dim() == 3 && x.stride(2) == 1) return x;
    return x.contiguous().view({-1, 1, x.size(-1)});
}

#define CT_ROWS(x)                                                                                  \
    Rows<const T> {                                                                                 \
        static_cast<const T *>((x).const_data_ptr()), (x).stride(0), (x).stride(1), (x).size(1),    \
            (x).size(2)                                                                             \
    }
#define CT_DATA(x) static_cast<const T *>((x).const_data_ptr())
#define CT_OUT(x) static_cast<T *>((x).mutable_data_ptr())

} // namespace

#include "dropout.cpp"
#include "gate.cpp"
#include "norm.cpp"
#include "rotation.cpp"
