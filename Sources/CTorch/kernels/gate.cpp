// A part of transformer.cpp, which has the row loops.
#include "gate.h"

namespace {

template <class T>
auto dense_rows(const at::Tensor &joined) {
    return [data = CT_DATA(joined), stride = joined.stride(0)](int64_t i) {
        return data + i * stride;
    };
}

template <class T>
auto known_rows(const ct::KnownRows &known, const at::Tensor &computed) {
    const auto *rest = known.has_unknown()
        ? static_cast<const std::byte *>(computed.const_data_ptr())
        : nullptr;
    return [&known, rest](int64_t i) { return reinterpret_cast<const T *>(known.row(i, rest)); };
}

/// [rows, columns] in memory of its own. Rows that would lie a multiple of 2 KiB apart, and so all in the same part
/// of a cache, lie a line further: gradients of weights pack such columns a twentieth faster.
at::Tensor rows_apart(int64_t rows, int64_t columns, const at::TensorOptions &options) {
    const int64_t bytes = static_cast<int64_t>(options.dtype().itemsize());
    const int64_t padding = columns * bytes % 2048 == 0 ? 64 / bytes : 0;
    return at::empty({rows, columns + padding}, options).narrow(1, 0, columns);
}

#define CT_RESULT_ROWS(tensor) ResultRows<T>{CT_OUT(tensor), (tensor).stride(0)}

} // namespace

at::Tensor ct::gate(const at::Tensor &joined, ct_activation activation) {
    const int64_t count = joined.size(0), width = joined.size(1) / 2;
    at::Tensor out = at::empty({count, width}, joined.options());
    CT_DISPATCH(joined, if (activation == CT_SILU) {
        gate_rows<Silu>(dense_rows<T>(joined), count, width, CT_OUT(out));
    } else {
        gate_rows<GeluTanh>(dense_rows<T>(joined), count, width, CT_OUT(out));
    })
    return out;
}

at::Tensor ct::gate_gradient(
    const at::Tensor &joined, const at::Tensor &incoming, ct_activation activation) {
    const int64_t count = joined.size(0), width = joined.size(1) / 2;
    at::Tensor out = rows_apart(count, 2 * width, joined.options());
    CT_DISPATCH(joined, if (activation == CT_SILU) {
        gate_rows_backward<Silu>(
            dense_rows<T>(joined), CT_DATA(incoming), count, width, CT_RESULT_ROWS(out));
    } else {
        gate_rows_backward<GeluTanh>(
            dense_rows<T>(joined), CT_DATA(incoming), count, width, CT_RESULT_ROWS(out));
    })
    return out;
}

at::Tensor ct::gate_known(
    const KnownRows &known, const at::Tensor &computed, const at::TensorOptions &options,
    ct_activation activation) {
    const int64_t count = known.count(), width = known.width() / 2;
    at::Tensor out = at::empty({count, width}, options);
    CT_DISPATCH(out, if (activation == CT_SILU) {
        gate_rows<Silu>(known_rows<T>(known, computed), count, width, CT_OUT(out));
    } else {
        gate_rows<GeluTanh>(known_rows<T>(known, computed), count, width, CT_OUT(out));
    })
    return out;
}

at::Tensor ct::gate_known_gradient(
    const KnownRows &known, const at::Tensor &computed, const at::Tensor &incoming,
    ct_activation activation, at::Tensor *gated) {
    const int64_t count = known.count(), width = known.width() / 2;
    at::Tensor out = rows_apart(count, 2 * width, incoming.options());
    if (gated != nullptr) *gated = rows_apart(count, width, incoming.options());
    CT_DISPATCH(
        incoming,
        const auto again = gated != nullptr ? CT_RESULT_ROWS(*gated) : ResultRows<T>();
        if (activation == CT_SILU) {
            gate_rows_backward<Silu>(
                known_rows<T>(known, computed), CT_DATA(incoming), count, width,
                CT_RESULT_ROWS(out), again);
        } else {
            gate_rows_backward<GeluTanh>(
                known_rows<T>(known, computed), CT_DATA(incoming), count, width,
                CT_RESULT_ROWS(out), again);
        })
    return out;
}

namespace {

struct GateFunction : torch::autograd::Function<GateFunction> {
    static at::Tensor forward(AutogradContext *context, const at::Tensor &joined, bool is_silu) {
        context->save_for_backward({joined});
        context->saved_data["is_silu"] = is_silu;
        return ct::gate(joined, is_silu ? CT_SILU : CT_GELU_TANH);
    }

    static variable_list backward(AutogradContext *context, variable_list incoming) {
        const bool is_silu = context->saved_data["is_silu"].toBool();
        return {
            ct::gate_gradient(
                context->get_saved_variables()[0], incoming[0].contiguous(),
                is_silu ? CT_SILU : CT_GELU_TANH)
                .contiguous(),
            at::Tensor()};
    }
};

} // namespace

ct_tensor *ct_gate(const ct_tensor *joined, ct_activation activation) {
    return ct::make([&] {
        const at::Tensor &in = joined->value;
        TORCH_CHECK(
            in.dim() == 2 && in.size(1) % 2 == 0, "a gate needs [N, 2 · I], not ", in.sizes());
        const bool is_silu = activation == CT_SILU;
        if (is_served(in)) {
            return GateFunction::apply(in.stride(1) == 1 ? in : in.contiguous(), is_silu);
        }
        const int64_t width = in.size(1) / 2;
        const at::Tensor gate = in.narrow(1, 0, width);
        return (is_silu ? at::silu(gate) : at::gelu(gate, "tanh")) * in.narrow(1, width, width);
    });
}
