#include "guard.h"

#define CT_UNARY(name)                                                                             \
    ct_tensor *ct_##name(const ct_tensor *a) {                                                     \
        return ct::make([&] { return at::name(a->value); });                                       \
    }
#define CT_BINARY(name)                                                                            \
    ct_tensor *ct_##name(const ct_tensor *a, const ct_tensor *b) {                                 \
        return ct::make([&] { return at::name(a->value, b->value); });                             \
    }
#define CT_SCALAR(name, expression)                                                                \
    ct_tensor *ct_##name##_scalar(const ct_tensor *a, ct_scalar b) {                               \
        return ct::make([&] { return expression; });                                               \
    }

CT_UNARY(neg)
CT_UNARY(abs)
CT_UNARY(sign)
CT_UNARY(exp)
CT_UNARY(expm1)
CT_UNARY(log)
CT_UNARY(log1p)
CT_UNARY(sqrt)
CT_UNARY(rsqrt)
CT_UNARY(square)
CT_UNARY(reciprocal)
CT_UNARY(sin)
CT_UNARY(cos)
CT_UNARY(tanh)
CT_UNARY(sigmoid)
CT_UNARY(log_sigmoid)
CT_UNARY(softplus)
CT_UNARY(relu)
CT_UNARY(silu)
CT_UNARY(floor)
CT_UNARY(ceil)
CT_UNARY(round)
CT_UNARY(isfinite)
CT_UNARY(isnan)
CT_UNARY(logical_not)

CT_BINARY(add)
CT_BINARY(sub)
CT_BINARY(mul)
CT_BINARY(div)
CT_BINARY(pow)
CT_BINARY(maximum)
CT_BINARY(minimum)
CT_BINARY(logical_and)
CT_BINARY(logical_or)

CT_SCALAR(add, at::add(a->value, ct::scalar(b)))
CT_SCALAR(sub, at::sub(a->value, ct::scalar(b)))
CT_SCALAR(rsub, at::rsub(a->value, ct::scalar(b)))
CT_SCALAR(mul, at::mul(a->value, ct::scalar(b)))
CT_SCALAR(div, at::div(a->value, ct::scalar(b)))
CT_SCALAR(rdiv, at::mul(at::reciprocal(a->value), ct::scalar(b)))
CT_SCALAR(floor_divide, at::floor_divide(a->value, ct::scalar(b)))
CT_SCALAR(remainder, at::remainder(a->value, ct::scalar(b)))
CT_SCALAR(pow, at::pow(a->value, ct::scalar(b)))

ct_tensor *ct_gelu(const ct_tensor *a, bool tanh_approximation) {
    return ct::make([&] { return at::gelu(a->value, tanh_approximation ? "tanh" : "none"); });
}

ct_tensor *ct_clamp(const ct_tensor *a, const ct_scalar *low, const ct_scalar *high) {
    return ct::make([&] {
        std::optional<at::Scalar> from, to;
        if (low) from = ct::scalar(*low);
        if (high) to = ct::scalar(*high);
        return at::clamp(a->value, from, to);
    });
}

ct_tensor *ct_where(const ct_tensor *condition, const ct_tensor *a, const ct_tensor *b) {
    return ct::make([&] { return at::where(condition->value, a->value, b->value); });
}

ct_tensor *ct_masked_fill(const ct_tensor *a, const ct_tensor *mask, ct_scalar value) {
    return ct::make([&] { return at::masked_fill(a->value, mask->value, ct::scalar(value)); });
}

namespace {
template <class Other>
at::Tensor compare(ct_comparison comparison, const at::Tensor &a, const Other &b) {
    switch (comparison) {
        case CT_EQ: return at::eq(a, b);
        case CT_NE: return at::ne(a, b);
        case CT_LT: return at::lt(a, b);
        case CT_LE: return at::le(a, b);
        case CT_GT: return at::gt(a, b);
        case CT_GE: return at::ge(a, b);
    }
    TORCH_CHECK(false, "no such comparison code: ", static_cast<int>(comparison));
}
} // namespace

ct_tensor *ct_compare(ct_comparison comparison, const ct_tensor *a, const ct_tensor *b) {
    return ct::make([&] { return compare(comparison, a->value, b->value); });
}

ct_tensor *ct_compare_scalar(ct_comparison comparison, const ct_tensor *a, ct_scalar b) {
    return ct::make([&] { return compare(comparison, a->value, ct::scalar(b)); });
}

bool ct_add_(ct_tensor *a, const ct_tensor *b, double scale) {
    return ct::perform([&] { a->value.add_(b->value, scale); });
}

bool ct_mul_(ct_tensor *a, const ct_tensor *b) {
    return ct::perform([&] { a->value.mul_(b->value); });
}

bool ct_div_(ct_tensor *a, const ct_tensor *b) {
    return ct::perform([&] { a->value.div_(b->value); });
}

bool ct_add_scalar_(ct_tensor *a, ct_scalar b) {
    return ct::perform([&] { a->value.add_(ct::scalar(b)); });
}

bool ct_mul_scalar_(ct_tensor *a, ct_scalar b) {
    return ct::perform([&] { a->value.mul_(ct::scalar(b)); });
}

bool ct_fill_(ct_tensor *a, ct_scalar value) {
    return ct::perform([&] { a->value.fill_(ct::scalar(value)); });
}

bool ct_copy_(ct_tensor *a, const ct_tensor *source) {
    return ct::perform([&] { a->value.copy_(source->value); });
}

bool ct_lerp_(ct_tensor *a, const ct_tensor *end, double weight) {
    return ct::perform([&] { a->value.lerp_(end->value, weight); });
}

bool ct_addcmul_(ct_tensor *a, const ct_tensor *b, const ct_tensor *c, double scale) {
    return ct::perform([&] { a->value.addcmul_(b->value, c->value, scale); });
}

bool ct_masked_fill_(ct_tensor *a, const ct_tensor *mask, ct_scalar value) {
    return ct::perform([&] { a->value.masked_fill_(mask->value, ct::scalar(value)); });
}
