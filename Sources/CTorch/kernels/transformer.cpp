#include "../guard.h"
#include "gate.h"
#include "instruction_set.h"
#include "joined_adapters.h"
#include "linear.h"
#include "parallel.h"

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

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

/// A norm, of a sum where something is added first. Results: the norm, or the sum and the norm.
struct NormFunction : torch::autograd::Function<NormFunction> {
    static variable_list forward(
        AutogradContext *context, const at::Tensor &x, const std::optional<at::Tensor> &delta,
        const at::Tensor &weight, double epsilon, double offset) {
        const at::Tensor rows = as_rows(x);
        const int64_t count = rows.size(0) * rows.size(1);
        at::Tensor out = at::empty(x.sizes(), x.options());
        at::Tensor inverses = at::empty({count}, x.options().dtype(at::kFloat));
        at::Tensor sum, added;
        if (delta) {
            added = delta->contiguous();
            sum = at::empty(x.sizes(), x.options());
        }
        CT_DISPATCH(
            x, const Addition<T> addition = delta ? Addition<T>{CT_DATA(added), CT_OUT(sum)}
                                                  : Addition<T>{};
            norm_rows<T>(
                CT_ROWS(rows), addition, CT_DATA(weight), static_cast<float>(epsilon),
                static_cast<float>(offset), count, CT_OUT(out), inverses.data_ptr<float>());)
        context->save_for_backward({delta ? sum : x, weight, inverses});
        context->saved_data["offset"] = offset;
        context->saved_data["has_delta"] = delta.has_value();
        context->set_materialize_grads(false);
        return delta ? variable_list{sum, out} : variable_list{out};
    }

    static variable_list backward(AutogradContext *context, variable_list incoming) {
        const auto saved = context->get_saved_variables();
        const at::Tensor &x = saved[0], &weight = saved[1], &inverses = saved[2];
        const double offset = context->saved_data["offset"].toDouble();
        const bool has_delta = context->saved_data["has_delta"].toBool();
        at::Tensor to_sum = has_delta ? incoming[0] : at::Tensor();
        if (!incoming.back().defined()) return {to_sum, to_sum, {}, {}, {}};
        if (to_sum.defined()) to_sum = to_sum.contiguous();
        const at::Tensor rows = as_rows(x);
        const at::Tensor pulled = incoming.back().contiguous();
        const int64_t count = rows.size(0) * rows.size(1), width = rows.size(2);
        at::Tensor to_x = at::empty(x.sizes(), x.options());
        at::Tensor sums;
        // Only tensors that are there count.
        if (context->needs_input_grad(has_delta ? 2 : 1)) {
            // One partial sum for each task, so that the total does not depend on the threads.
            constexpr int64_t grain = ct::plain::rows_of_task;
            sums = at::zeros({(count + grain - 1) / grain, width}, inverses.options());
        }
        CT_DISPATCH(x, norm_rows_backward<T>(
            CT_ROWS(rows), CT_DATA(weight), static_cast<float>(offset),
            inverses.const_data_ptr<float>(), CT_DATA(pulled),
            to_sum.defined() ? CT_DATA(to_sum) : nullptr, count, CT_OUT(to_x),
            sums.defined() ? sums.data_ptr<float>() : nullptr);)
        return {
            to_x, has_delta ? to_x : at::Tensor(),
            sums.defined() ? sums.sum(0).to(weight.scalar_type()) : at::Tensor(),
            at::Tensor(), at::Tensor()};
    }
};

at::Tensor rotated(
    const at::Tensor &x, const at::Tensor &cosine, const at::Tensor &sine, float direction) {
    const at::Tensor dense = x.stride(2) == 1 ? x : x.contiguous();
    at::Tensor out = at::empty(x.sizes(), x.options());
    CT_DISPATCH(x, rotate_rows<T>(
        CT_ROWS(dense), cosine.const_data_ptr<float>(), sine.const_data_ptr<float>(),
        cosine.size(1), direction, x.size(0) * x.size(1), CT_OUT(out));)
    return out;
}

struct RotateFunction : torch::autograd::Function<RotateFunction> {
    static at::Tensor forward(
        AutogradContext *context, const at::Tensor &x, const at::Tensor &cosine,
        const at::Tensor &sine) {
        context->save_for_backward({cosine, sine});
        return rotated(x, cosine, sine, 1);
    }

    static variable_list backward(AutogradContext *context, variable_list incoming) {
        const auto saved = context->get_saved_variables();
        return {rotated(incoming[0], saved[0], saved[1], -1), at::Tensor(), at::Tensor()};
    }
};

} // namespace

at::Tensor ct::gate_gradient(
    const at::Tensor &joined, const at::Tensor &incoming, ct_activation activation) {
    const int64_t count = joined.size(0), width = joined.size(1) / 2, stride = joined.stride(0);
    at::Tensor out = at::empty(joined.sizes(), joined.options());
    CT_DISPATCH(joined, if (activation == CT_SILU) {
        gate_rows_backward<Silu>(
            CT_DATA(joined), stride, CT_DATA(incoming), count, width, CT_OUT(out));
    } else {
        gate_rows_backward<GeluTanh>(
            CT_DATA(joined), stride, CT_DATA(incoming), count, width, CT_OUT(out));
    })
    return out;
}

namespace {

struct GateFunction : torch::autograd::Function<GateFunction> {
    static at::Tensor forward(AutogradContext *context, const at::Tensor &joined, bool is_silu) {
        const int64_t count = joined.size(0), width = joined.size(1) / 2;
        at::Tensor out = at::empty({count, width}, joined.options());
        CT_DISPATCH(joined, if (is_silu) {
            gate_rows<Silu>(CT_DATA(joined), joined.stride(0), count, width, CT_OUT(out));
        } else {
            gate_rows<GeluTanh>(CT_DATA(joined), joined.stride(0), count, width, CT_OUT(out));
        })
        context->save_for_backward({joined});
        context->saved_data["is_silu"] = is_silu;
        return out;
    }

    static variable_list backward(AutogradContext *context, variable_list incoming) {
        const bool is_silu = context->saved_data["is_silu"].toBool();
        return {
            ct::gate_gradient(
                context->get_saved_variables()[0], incoming[0].contiguous(),
                is_silu ? CT_SILU : CT_GELU_TANH),
            at::Tensor()};
    }
};

/// A copy of `x` with a share `p` of its elements zeroed and the others divided by 1 - p.
at::Tensor dropped(const at::Tensor &x, double p, uint64_t seed) {
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

struct Adapter {
    at::Tensor down, up; // [r, I], [rows, r] in the compute type, `up` times the scale
    int64_t first_row, rows;
    double scale, dropout;
    uint64_t seed;

    at::Tensor input(const at::Tensor &x) const {
        return dropout > 0 ? dropped(x, dropout, seed) : x;
    }
};

/// Adapters on one matrix. Without dropout their first products are one, and so are the second, with the
/// `up` matrices on the diagonal of one matrix.
struct AdapterGroup {
    std::vector<Adapter> members;

    AdapterGroup(
        const std::vector<at::Tensor> &matrices, const at::Tensor &settings, at::ScalarType type) {
        const double *values = settings.const_data_ptr<double>();
        for (size_t i = 0; i * 2 < matrices.size(); ++i, values += 5) {
            Adapter adapter;
            adapter.first_row = static_cast<int64_t>(values[0]);
            adapter.scale = values[1];
            adapter.dropout = values[2];
            adapter.seed = static_cast<uint64_t>(values[3]) << 32 | static_cast<uint64_t>(values[4]);
            adapter.down = matrices[2 * i].to(type);
            adapter.up = (matrices[2 * i + 1] * adapter.scale).to(type);
            adapter.rows = adapter.up.size(0);
            members.push_back(std::move(adapter));
        }
    }

    bool has_dropout() const {
        for (const Adapter &member : members) {
            if (member.dropout > 0) return true;
        }
        return false;
    }

    int64_t rank() const {
        int64_t sum = 0;
        for (const Adapter &member : members) sum += member.down.size(0);
        return sum;
    }

    /// [R, I]
    at::Tensor all_down() const {
        if (members.size() == 1) return members[0].down;
        std::vector<at::Tensor> parts;
        for (const Adapter &member : members) parts.push_back(member.down);
        return at::cat(parts, 0);
    }

    /// [O, R]
    at::Tensor all_up(int64_t outputs) const {
        if (members.size() == 1 && members[0].rows == outputs) return members[0].up;
        at::Tensor out = at::zeros({outputs, rank()}, members[0].up.options());
        int64_t column = 0;
        for (const Adapter &member : members) {
            const int64_t rank = member.up.size(1);
            out.narrow(0, member.first_row, member.rows).narrow(1, column, rank).copy_(member.up);
            column += rank;
        }
        return out;
    }

    /// Inputs times `down`, [N, R].
    at::Tensor inner(const at::Tensor &x) const {
        if (!has_dropout()) return ct::product_transposed(x, all_down());
        std::vector<at::Tensor> parts;
        for (const Adapter &member : members) {
            parts.push_back(ct::product_transposed(member.input(x), member.down));
        }
        return at::cat(parts, 1);
    }
};

/// The joined matrices of a group, for passes that record no gradients and find the same adapters
/// again and again: each decode step does.
struct JoinedAdapters {
    struct Source {
        at::Tensor matrix;
        uint32_t version;
    };
    std::vector<Source> sources;
    at::Tensor settings, down, up;

    bool is_made_of(
        const std::vector<at::Tensor> &matrices, const at::Tensor &wanted, at::ScalarType type,
        int64_t outputs) const {
        if (matrices.size() != sources.size() || down.scalar_type() != type
            || up.size(0) != outputs
            || std::memcmp(
                   settings.const_data_ptr(), wanted.const_data_ptr(), settings.nbytes())
                != 0) {
            return false;
        }
        for (size_t i = 0; i < matrices.size(); ++i) {
            const Source &source = sources[i];
            if (!source.matrix.is_same(matrices[i]) || source.version != matrices[i]._version()) {
                return false;
            }
        }
        return true;
    }

    /// Kept with the handle of the group's first matrix.
    static std::shared_ptr<JoinedAdapters> of(
        const ct_tensor *first, const std::vector<at::Tensor> &matrices,
        const at::Tensor &settings, at::ScalarType type, int64_t outputs) {
        auto known = std::static_pointer_cast<JoinedAdapters>(first->derived);
        if (known && known->is_made_of(matrices, settings, type, outputs)) return known;
        const AdapterGroup group(matrices, settings, type);
        auto made = std::make_shared<JoinedAdapters>();
        made->settings = settings;
        made->down = group.all_down();
        made->up = group.all_up(outputs);
        for (const at::Tensor &matrix : matrices) {
            made->sources.push_back({matrix, static_cast<uint32_t>(matrix._version())});
        }
        first->derived = made;
        return made;
    }
};

struct AdaptedLinearFunction : torch::autograd::Function<AdaptedLinearFunction> {
    static at::Tensor forward(
        AutogradContext *context, const at::Tensor &x, const at::Tensor &weight,
        const std::optional<at::Tensor> &bias, const at::Tensor &settings,
        at::TensorList matrices) {
        const AdapterGroup group(matrices.vec(), settings, x.scalar_type());
        at::Tensor out = ct::linear(x, weight, bias);
        const at::Tensor inner = group.inner(x);
        ct::add_low_rank(out, inner, group.all_up(weight.size(0)));
        variable_list saved{x, weight, settings, inner};
        saved.insert(saved.end(), matrices.begin(), matrices.end());
        context->save_for_backward(saved);
        return out;
    }

    static variable_list backward(AutogradContext *context, variable_list incoming) {
        const auto saved = context->get_saved_variables();
        const at::Tensor &x = saved[0], &weight = saved[1], &settings = saved[2];
        const at::Tensor &inner = saved[3];
        const std::vector<at::Tensor> matrices(saved.begin() + 4, saved.end());
        const AdapterGroup group(matrices, settings, x.scalar_type());
        const at::Tensor pulled = incoming[0].contiguous();
        const at::Tensor to_inner = ct::product(pulled, group.all_up(weight.size(0)));
        const bool needs_input = context->needs_input_grad(0);
        variable_list result(4 + matrices.size());

        at::Tensor to_x;
        if (needs_input) to_x = ct::product(pulled, weight);
        const bool has_dropout = group.has_dropout();
        if (needs_input && !has_dropout) {
            ct::add_low_rank(to_x, to_inner, group.all_down().t().contiguous());
        }
        at::Tensor to_down;
        if (!has_dropout) to_down = ct::transposed_product(to_inner, x).to(at::kFloat);
        int64_t column = 0;
        for (size_t i = 0; i < group.members.size(); ++i) {
            const Adapter &member = group.members[i];
            const int64_t rank = member.down.size(0);
            const at::Tensor slope = to_inner.narrow(1, column, rank);
            if (has_dropout) {
                result[4 + 2 * i] =
                    ct::transposed_product(slope, member.input(x)).to(at::kFloat);
                if (needs_input) {
                    const at::Tensor part = ct::product(slope, member.down);
                    to_x.add_(
                        member.dropout > 0 ? dropped(part, member.dropout, member.seed) : part);
                }
            } else {
                result[4 + 2 * i] = to_down.narrow(0, column, rank);
            }
            // The few rows of the inner products are transposed here, and not the many columns of
            // the gradient; the result is small.
            result[5 + 2 * i] =
                ct::transposed_product(
                    inner.narrow(1, column, rank),
                    pulled.narrow(1, member.first_row, member.rows))
                    .t()
                    .to(at::kFloat, false, false, at::MemoryFormat::Contiguous)
                    .mul_(member.scale);
            column += rank;
        }
        result[0] = to_x;
        return result;
    }
};

} // namespace

namespace {

/// The norm by tensor operators, for types and devices without a kernel.
at::Tensor plain_norm(
    const at::Tensor &in, const at::Tensor &weight, double epsilon, double offset) {
    const bool is_short = in.scalar_type() == at::kHalf || in.scalar_type() == at::kBFloat16;
    const auto wide = is_short ? at::kFloat : in.scalar_type();
    const at::Tensor value = in.to(wide);
    const at::Tensor inverse = (value.square().mean(-1, true) + epsilon).rsqrt();
    return (value * inverse * (weight.to(wide) + offset)).to(in.scalar_type());
}

void check_norm(const at::Tensor &in, const at::Tensor &w) {
    TORCH_CHECK(
        w.dim() == 1 && in.dim() >= 1 && in.size(-1) == w.size(0)
            && in.scalar_type() == w.scalar_type(),
        "a norm of ", in.scalar_type(), in.sizes(), " got weights ", w.scalar_type(), w.sizes());
}

} // namespace

ct_tensor *ct_scaled_norm(
    const ct_tensor *x, const ct_tensor *weight, double epsilon, double offset) {
    return ct::make([&] {
        const at::Tensor &in = x->value, &w = weight->value;
        check_norm(in, w);
        if (!is_served(in)) return plain_norm(in, w, epsilon, offset);
        return NormFunction::apply(in, std::nullopt, w.contiguous(), epsilon, offset)[0];
    });
}

bool ct_added_norm(
    const ct_tensor *x, const ct_tensor *delta, const ct_tensor *weight, double epsilon,
    double offset, ct_tensor **sum, ct_tensor **normed) {
    return ct::perform([&] {
        const at::Tensor &in = x->value, &added = delta->value, &w = weight->value;
        check_norm(in, w);
        TORCH_CHECK(
            in.sizes() == added.sizes() && in.scalar_type() == added.scalar_type(),
            "a norm of a sum got ", in.scalar_type(), in.sizes(), " and ", added.scalar_type(),
            added.sizes());
        variable_list results;
        if (is_served(in) && added.is_cpu()) {
            results = NormFunction::apply(
                in, std::optional<at::Tensor>(added), w.contiguous(), epsilon, offset);
        } else {
            const at::Tensor both = in + added;
            results = {both, plain_norm(both, w, epsilon, offset)};
        }
        auto first = std::make_unique<ct_tensor>(std::move(results[0]));
        *normed = new ct_tensor(std::move(results[1]));
        *sum = first.release();
    });
}

ct_tensor *ct_rotate(const ct_tensor *x, const ct_tensor *cosine, const ct_tensor *sine) {
    return ct::make([&] {
        const at::Tensor &in = x->value, &c = cosine->value, &s = sine->value;
        TORCH_CHECK(
            in.dim() == 3 && c.dim() == 2 && c.sizes() == s.sizes() && c.size(0) == in.size(0)
                && 2 * c.size(1) <= in.size(2) && c.scalar_type() == s.scalar_type(),
            "rotation of ", in.sizes(), " got angles ", c.sizes(), " and ", s.sizes());
        if (is_served(in)) {
            return RotateFunction::apply(
                in, c.to(at::kFloat).contiguous(), s.to(at::kFloat).contiguous());
        }
        const int64_t half = c.size(1);
        const at::Tensor a = in.narrow(2, 0, half), b = in.narrow(2, half, half);
        const at::Tensor turn = c.unsqueeze(1), rise = s.unsqueeze(1);
        return at::cat(
            {(a * turn - b * rise).to(in.scalar_type()), (b * turn + a * rise).to(in.scalar_type()),
             in.narrow(2, 2 * half, in.size(2) - 2 * half)},
            2);
    });
}

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

ct_tensor *ct_dropout(const ct_tensor *x, double p, uint64_t seed) {
    return ct::make([&] {
        TORCH_CHECK(p >= 0 && p < 1, "dropout takes a share in [0, 1), not ", p);
        return dropped(x->value.detach(), p, seed);
    });
}

namespace {

/// The matrices of adapters and what else describes them, checked against the layer.
struct AdapterArguments {
    std::vector<at::Tensor> matrices;
    at::Tensor settings;
    bool has_dropout = false;

    AdapterArguments(
        const ct_linear_adapter *adapters, int64_t count, int64_t inputs, int64_t outputs)
        : settings(at::empty({count, 5}, at::kDouble)) {
        double *values = settings.mutable_data_ptr<double>();
        for (int64_t i = 0; i < count; ++i, values += 5) {
            const ct_linear_adapter &adapter = adapters[i];
            const at::Tensor &down = adapter.down->value, &up = adapter.up->value;
            TORCH_CHECK(
                down.dim() == 2 && up.dim() == 2 && down.size(1) == inputs
                    && up.size(1) == down.size(0) && adapter.first_row >= 0
                    && adapter.first_row + up.size(0) <= outputs,
                "adapter ", up.sizes(), " · ", down.sizes(), " does not fit rows from ",
                adapter.first_row, " of [", outputs, ", ", inputs, "]");
            values[0] = static_cast<double>(adapter.first_row);
            values[1] = adapter.scale;
            values[2] = adapter.dropout;
            values[3] = static_cast<double>(adapter.seed >> 32);
            values[4] = static_cast<double>(adapter.seed & 0xFFFFFFFF);
            matrices.push_back(down);
            matrices.push_back(up);
            has_dropout = has_dropout || adapter.dropout > 0;
        }
    }
};

} // namespace

namespace ct {

JoinedMatrices joined_adapters(
    const ct_linear_adapter *adapters, int64_t count, int64_t inputs, int64_t outputs,
    at::ScalarType type) {
    const AdapterArguments arguments(adapters, count, inputs, outputs);
    TORCH_CHECK(!arguments.has_dropout, "adapters with dropout cannot be joined");
    const auto joined = JoinedAdapters::of(
        adapters[0].down, arguments.matrices, arguments.settings, type, outputs);
    return {joined->down, joined->up};
}

} // namespace ct

ct_tensor *ct_adapted_linear(
    const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias,
    const ct_linear_adapter *adapters, int64_t count) {
    return ct::make([&] {
        const at::Tensor &in = x->value, &w = weight->value;
        TORCH_CHECK(
            in.dim() == 2 && w.dim() == 2 && in.size(1) == w.size(1) && count > 0,
            "an adapted layer of ", w.sizes(), " got ", in.sizes());
        TORCH_CHECK(!w.requires_grad(), "a layer with an adapter does not train its own weights");
        const AdapterArguments arguments(adapters, count, w.size(1), w.size(0));
        if (!c10::GradMode::is_enabled() && !arguments.has_dropout) {
            const auto joined = JoinedAdapters::of(
                adapters[0].down, arguments.matrices, arguments.settings, in.scalar_type(),
                w.size(0));
            at::Tensor out = ct::linear(in, w, ct::optional(bias));
            ct::add_low_rank(out, ct::product_transposed(in, joined->down), joined->up);
            return out;
        }
        return AdaptedLinearFunction::apply(
            in, w, ct::optional(bias), arguments.settings,
            at::TensorList(arguments.matrices));
    });
}
