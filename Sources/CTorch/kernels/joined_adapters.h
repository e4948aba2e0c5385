#pragma once
#include "../include/ctorch_decoder.h"

#include <ATen/ATen.h>

namespace ct {

/// All adapters of a layer as one: [R, I] and, scaled and each in its rows, [O, R].
struct JoinedMatrices {
    at::Tensor down, up;
};

/// The adapters of a layer of `inputs` to `outputs` channels, without dropout, in the compute type. Kept
/// until one of the matrices changes.
JoinedMatrices joined_adapters(
    const ct_linear_adapter *adapters, int64_t count, int64_t inputs, int64_t outputs,
    at::ScalarType type);

struct AdapterArguments;
/// The same of adapters that were checked against the layer; kept with the handle of the `first` matrix.
JoinedMatrices joined_adapters(
    const ct_tensor *first, const AdapterArguments &arguments, int64_t outputs,
    at::ScalarType type);

} // namespace ct
