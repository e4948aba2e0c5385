#pragma once
#include "../include/ctorch_decoder.h"

#include <ATen/ATen.h>

namespace ct {

class KnownRows;

/// activation(first half) · second half of rows `joined` [N, 2 I], f32 or bf16 on the host, last axis dense:
/// [N, I].
at::Tensor gate(const at::Tensor &joined, ct_activation activation);

/// The gradient with respect to `joined` [N, 2 I] where activation(first half) · second half has the
/// gradient `incoming` [N, I]; f32 or bf16 on the host, last axes dense. Its rows may lie apart.
at::Tensor gate_gradient(
    const at::Tensor &joined, const at::Tensor &incoming, ct_activation activation);

/// activation(first half) · second half of rows [N, 2 I], those of `known` and the `computed` ones: [N, I].
at::Tensor gate_known(
    const KnownRows &known, const at::Tensor &computed, const at::TensorOptions &options,
    ct_activation activation);

/// The gradient with respect to those rows. Where `gated` is not null, what `gate_known` gives goes there: it
/// costs little while the rows are at hand. Rows of both may lie apart.
at::Tensor gate_known_gradient(
    const KnownRows &known, const at::Tensor &computed, const at::Tensor &incoming,
    ct_activation activation, at::Tensor *gated = nullptr);

} // namespace ct
