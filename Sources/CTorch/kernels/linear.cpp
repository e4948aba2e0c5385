#include "column_sums.h"
#include "elements.h"
#include "known_rows.h"
#include "linear.h"

#include "gemm.h"
#include "parallel.h"

#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// The matrix of all rows of `tensor`, or an undefined tensor where that is no operand of ours.
at::Tensor rows_of(const at::Tensor &tensor) {
    if (!tensor.is_cpu() || !ct::gemm_supports(tensor.scalar_type()) || tensor.dim() == 0) {
        return {};
    }
    const at::Tensor matrix = tensor.dim() == 2 ? tensor : tensor.reshape({-1, tensor.size(-1)});
    return ct::gemm_accepts(matrix) ? matrix : at::Tensor();
}

at::Tensor forward_product(
    const at::Tensor &rows, const at::Tensor &x, const at::Tensor &weight,
    const std::optional<at::Tensor> &bias) {
    at::Tensor out = at::empty({rows.size(0), weight.size(0)}, x.options());
    at::Tensor offset;
    if (bias && bias->defined()) offset = bias->detach().to(at::kFloat).contiguous();
    ct::gemm_nt(rows, weight, offset.defined() ? ct::elements<float>(offset) : nullptr, out);
    if (x.dim() == 2) return out;
    auto shape = x.sizes().vec();
    shape.back() = weight.size(0);
    return out.view(shape);
}

at::Tensor completed_product(
    const at::Tensor &x, const at::Tensor &weight, const std::optional<at::Tensor> &bias,
    const ct::KnownRows &known) {
    at::Tensor computed;
    if (known.has_unknown()) {
        const at::Tensor few = x.detach().index_select(0, known.unknown());
        computed = forward_product(few, few, weight.detach(), bias);
    }
    return known.completed(computed);
}

struct Linear : torch::autograd::Function<Linear> {
    static at::Tensor forward(
        AutogradContext *context, const at::Tensor &x, const at::Tensor &weight,
        const std::optional<at::Tensor> &bias, const ct::KnownRows *known) {
        // An operand is kept only where the other one needs it for a gradient.
        context->save_for_backward(
            {weight.requires_grad() ? x : at::Tensor(),
             x.requires_grad() || weight.requires_grad() ? weight : at::Tensor()});
        context->saved_data["has_bias"] = bias.has_value() && bias->requires_grad();
        context->saved_data["x_shape"] = x.sizes().vec();
        return known ? completed_product(x, weight, bias, *known)
                     : forward_product(rows_of(x), x, weight, bias);
    }

    static variable_list backward(AutogradContext *context, variable_list gradients) {
        const auto saved = context->get_saved_variables();
        const at::Tensor incoming =
            gradients[0].reshape({-1, gradients[0].size(-1)}).contiguous();
        variable_list results(4);
        if (context->needs_input_grad(0)) {
            results[0] =
                ct::product(incoming, saved[1]).view(context->saved_data["x_shape"].toIntVector());
        }
        if (context->needs_input_grad(1)) {
            const at::Tensor x = saved[0].reshape({-1, saved[0].size(-1)});
            results[1] = ct::weight_gradient(incoming, x, saved[1]);
        }
        if (context->saved_data["has_bias"].toBool()) {
            results[2] = ct::column_sums(incoming, incoming.scalar_type());
        }
        return results;
    }
};

/// The rows of `x` where `gemm.h` takes this product, else undefined.
at::Tensor operand(
    const at::Tensor &x, const at::Tensor &weight, const std::optional<at::Tensor> &bias) {
    const bool fits = weight.dim() == 2 && x.scalar_type() == weight.scalar_type()
        && x.dim() > 0 && x.size(-1) == weight.size(1) && x.numel() > 0
        && (!bias || (bias->dim() == 1 && bias->size(0) == weight.size(0) && bias->is_cpu()))
        && ct::gemm_accepts(weight);
    return fits ? rows_of(x.detach()) : at::Tensor();
}

bool records(
    const at::Tensor &x, const at::Tensor &weight, const std::optional<at::Tensor> &bias) {
    return c10::GradMode::is_enabled()
        && (x.requires_grad() || weight.requires_grad() || (bias && bias->requires_grad()));
}

} // namespace

namespace ct {

at::Tensor linear(
    const at::Tensor &x, const at::Tensor &weight, const std::optional<at::Tensor> &bias) {
    const at::Tensor rows = operand(x, weight, bias);
    if (!rows.defined()) return at::linear(x, weight, bias);
    return records(x, weight, bias)
        ? Linear::apply(x, weight, bias, static_cast<const KnownRows *>(nullptr))
        : forward_product(rows, x.detach(), weight.detach(), bias);
}

at::Tensor linear(
    const at::Tensor &x, const at::Tensor &weight, const std::optional<at::Tensor> &bias,
    const KnownRows &known) {
    // What libtorch multiplies has gradients of its own, which know nothing of known rows.
    if (!operand(x, weight, bias).defined()) return at::linear(x, weight, bias);
    return records(x, weight, bias) ? Linear::apply(x, weight, bias, &known)
                                    : completed_product(x, weight, bias, known);
}

void product_transposed(at::Tensor &out, const at::Tensor &left, const at::Tensor &right) {
    if (left.scalar_type() == right.scalar_type() && gemm_accepts(left) && gemm_accepts(right)) {
        gemm_nt(left, right, nullptr, out);
    } else if (left.scalar_type() == at::kFloat) {
        at::matmul_out(out, left, right.t());
    } else {
        out.copy_(at::matmul(left, right.t()));
    }
}

void add_product(at::Tensor &sum, const at::Tensor &left, const at::Tensor &right) {
    if (left.scalar_type() == right.scalar_type() && gemm_accepts(left) && right.stride(1) == 1) {
        gemm_nn(left, right, sum, Accumulate::yes);
    } else if (left.scalar_type() == at::kFloat) {
        sum.addmm_(left, right);
    } else {
        sum.add_(at::matmul(left, right));
    }
}

at::Tensor product(const at::Tensor &left, const at::Tensor &right) {
    if (right.is_cpu() && left.scalar_type() == right.scalar_type() && gemm_accepts(left)
        && right.stride(1) == 1) {
        at::Tensor out = at::empty({left.size(0), right.size(1)}, left.options());
        gemm_nn(left, right, out);
        return out;
    }
    return at::matmul(left, right);
}

at::Tensor product_transposed(const at::Tensor &left, const at::Tensor &right) {
    if (left.scalar_type() == right.scalar_type() && gemm_accepts(left) && gemm_accepts(right)) {
        at::Tensor out = at::empty({left.size(0), right.size(0)}, left.options());
        gemm_nt(left, right, nullptr, out);
        return out;
    }
    return at::matmul(left, right.t());
}

at::Tensor transposed_product(const at::Tensor &left, const at::Tensor &right) {
    if (right.is_cpu() && left.scalar_type() == right.scalar_type() && left.stride(1) == 1
        && right.stride(1) == 1 && gemm_supports(left.scalar_type())) {
        at::Tensor out = at::empty({left.size(1), right.size(1)}, left.options());
        gemm_tn(left, right, out);
        return out;
    }
    return at::matmul(left.t(), right);
}

thread_local bool AddingToGradients::is_on = false;

at::Tensor weight_gradient(
    const at::Tensor &left, const at::Tensor &right, const at::Tensor &weight) {
    if (AddingToGradients::is_on && weight.is_leaf() && weight.grad().defined()) {
        at::Tensor sum = weight.grad();
        const bool fits = sum.is_contiguous() && sum.scalar_type() == left.scalar_type()
            && left.scalar_type() == right.scalar_type() && left.stride(1) == 1
            && right.stride(1) == 1 && gemm_supports(left.scalar_type());
        if (fits) {
            gemm_tn(left, right, sum, Accumulate::yes);
            return {};
        }
    }
    return transposed_product(left, right);
}

void add_low_rank(at::Tensor &sum, const at::Tensor &inner, const at::Tensor &up) {
    if (inner.scalar_type() == up.scalar_type() && gemm_accepts(inner) && gemm_accepts(up)
        && sum.scalar_type() == inner.scalar_type() && sum.stride(1) == 1) {
        gemm_nt(inner, up, nullptr, sum, Accumulate::yes);
    } else {
        sum.addmm_(inner, up.t());
    }
}

} // namespace ct
