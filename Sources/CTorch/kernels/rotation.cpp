// A part of transformer.cpp, which has the row loops.
namespace {

at::Tensor rotated(
    const at::Tensor &x, const at::Tensor &cosine, const at::Tensor &sine, float direction) {
    const at::Tensor dense = x.stride(2) == 1 ? x : x.contiguous();
    at::Tensor out = at::empty(x.sizes(), x.options());
    CT_DISPATCH(x, rotate_rows<T>(
        CT_ROWS(dense), ct::elements<float>(cosine), ct::elements<float>(sine),
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
