#include "guard.h"
#include "kernels/known_rows.h"
#include "kernels/linear.h"
#include "kernels/selected_rows.h"

ct_tensor *ct_matmul(const ct_tensor *a, const ct_tensor *b) {
    return ct::make([&] { return at::matmul(a->value, b->value); });
}

bool ct_matmul_into(ct_tensor *out, const ct_tensor *a, const ct_tensor *b) {
    return ct::perform([&] { at::matmul_out(out->value, a->value, b->value); });
}

ct_tensor *ct_addmm(
    const ct_tensor *a, const ct_tensor *left, const ct_tensor *right, double beta, double alpha) {
    return ct::make([&] { return at::addmm(a->value, left->value, right->value, beta, alpha); });
}

bool ct_addmm_(
    ct_tensor *a, const ct_tensor *left, const ct_tensor *right, double beta, double alpha) {
    return ct::perform([&] { a->value.addmm_(left->value, right->value, beta, alpha); });
}

ct_tensor *ct_linear(const ct_tensor *a, const ct_tensor *weight, const ct_tensor *bias) {
    return ct::make([&] { return ct::linear(a->value, weight->value, ct::optional(bias)); });
}

ct_tensor *ct_known_linear(
    const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias,
    const ct_known_rows *known) {
    return ct::make([&] {
        const at::Tensor &in = x->value, &w = weight->value;
        TORCH_CHECK(
            in.dim() == 2 && w.dim() == 2 && in.size(1) == w.size(1), "a layer of ", w.sizes(),
            " with known rows got ", in.sizes());
        const ct::KnownRows rows(*known, in, w.size(0));
        return ct::linear(in, w, ct::optional(bias), rows);
    });
}

ct_tensor *ct_embedding(const ct_tensor *weight, const ct_tensor *index) {
    return ct::make([&] {
        const at::Tensor &table = weight->value, &rows = index->value;
        return ct::selects_rows(table, rows) ? ct::selected_rows(table, rows)
                                             : at::embedding(table, rows);
    });
}

ct_tensor *ct_softmax(const ct_tensor *a, int64_t axis) {
    return ct::make([&] { return at::softmax(a->value, axis); });
}

ct_tensor *ct_log_softmax(const ct_tensor *a, int64_t axis) {
    return ct::make([&] { return at::log_softmax(a->value, axis); });
}

ct_tensor *ct_rms_norm(const ct_tensor *a, const ct_tensor *weight, double epsilon) {
    return ct::make([&] {
        const int64_t width = a->value.size(-1);
        return at::rms_norm(a->value, {width}, ct::optional(weight), epsilon);
    });
}

ct_tensor *ct_layer_norm(
    const ct_tensor *a, const ct_tensor *weight, const ct_tensor *bias, double epsilon) {
    return ct::make([&] {
        const int64_t width = a->value.size(-1);
        return at::layer_norm(
            a->value, {width}, ct::optional(weight), ct::optional(bias), epsilon);
    });
}

ct_tensor *ct_attention(
    const ct_tensor *query, const ct_tensor *key, const ct_tensor *value, const ct_tensor *mask,
    bool causal, const double *scale, bool grouped) {
    return ct::make([&] {
        return at::scaled_dot_product_attention(
            query->value, key->value, value->value, ct::optional(mask), /*dropout_p=*/0.0, causal,
            scale ? std::optional<double>(*scale) : std::nullopt, grouped);
    });
}
