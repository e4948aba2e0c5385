// A part of transformer.cpp, which has the row loops.
namespace {

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
            sums = at::empty({(count + grain - 1) / grain, width}, inverses.options());
        }
        CT_DISPATCH(x, norm_rows_backward<T>(
            CT_ROWS(rows), CT_DATA(weight), static_cast<float>(offset),
            ct::elements<float>(inverses), CT_DATA(pulled),
            to_sum.defined() ? CT_DATA(to_sum) : nullptr, count, CT_OUT(to_x),
            sums.defined() ? sums.data_ptr<float>() : nullptr);)
        return {
            to_x, has_delta ? to_x : at::Tensor(),
            sums.defined() ? ct::column_sums(sums, weight.scalar_type()) : at::Tensor(),
            at::Tensor(), at::Tensor()};
    }
};

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
