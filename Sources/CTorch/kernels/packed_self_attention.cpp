#include "../guard.h"
#include "elements.h"
#include "gemm.h"
#include "instruction_set.h"
#include "known_rows.h"
#include "parallel.h"

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <map>
#include <vector>

namespace ct {

/// What attention gives for some rows: results [N, H · D] and the log sums [N, H] of their powers. A row whose
/// log sums are NaN is unknown too.
struct KnownAttention {
    KnownRows results, log_sums;
};

} // namespace ct

#define CT_VARIANT "packed_self_attention.inc"
#include "variants.inc"

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Who attends to whom, and how the work is cut. The cut depends on the spans alone, and so do the sums
/// and their order, however many threads there are.
struct Plan {
    /// One to two sequences with one past, or one without.
    struct Slice {
        int64_t first, count;
        /// Places in a key head's f32 sums; -1 for none.
        int64_t past_sums, own_sums;
    };
    /// Rows that others attend to.
    struct Prompt {
        int64_t start, length, own_sums;
        std::vector<int64_t> past_sums;
    };
    /// Those that share a past stand together.
    std::vector<ct_attention_span> spans;
    std::vector<Slice> slices;
    std::vector<Prompt> prompts;
    /// Rows of sums that a key head needs; one is 2 · D numbers.
    int64_t sum_rows = 0;

    static constexpr int64_t spans_of_slice = 2;

    explicit Plan(const at::Tensor &table, int64_t rows) {
        const auto *first =
            reinterpret_cast<const ct_attention_span *>(ct::elements<int64_t>(table));
        const auto *last = first + table.size(0);
        std::map<int64_t, std::vector<ct_attention_span>> branches;
        int64_t owned = 0;
        for (const auto *span = first; span < last; ++span) {
            owned += span->own_length;
            if (span->past_length > 0) branches[span->past_start].push_back(*span);
        }
        TORCH_CHECK(owned == rows, "the spans own ", owned, " of ", rows, " packed rows");
        size_t found = 0;
        for (const auto *span = first; span < last; ++span) {
            if (span->past_length > 0) continue;
            const auto sharing = branches.find(span->own_start);
            spans.push_back(*span);
            const int64_t index = static_cast<int64_t>(spans.size()) - 1;
            if (sharing == branches.end()) {
                slices.push_back({index, 1, -1, -1});
                continue;
            }
            ++found;
            add_prompt(*span, sharing->second);
        }
        TORCH_CHECK(found == branches.size(), "a past is no span of its own");
    }

private:
    void add_prompt(
        const ct_attention_span &prompt, const std::vector<ct_attention_span> &branches) {
        const int64_t length = prompt.own_length;
        Prompt entry{prompt.own_start, length, take(length), {}};
        slices.push_back({static_cast<int64_t>(spans.size()) - 1, 1, -1, entry.own_sums});
        for (size_t i = 0; i < branches.size(); i += spans_of_slice) {
            const auto end = std::min(branches.size(), i + spans_of_slice);
            entry.past_sums.push_back(take(length));
            slices.push_back(
                {static_cast<int64_t>(spans.size()), static_cast<int64_t>(end - i),
                 entry.past_sums.back(), -1});
            for (size_t k = i; k < end; ++k) {
                TORCH_CHECK(
                    branches[k].past_length == length, "a past of ", branches[k].past_length,
                    " rows is part of a span of ", length);
                spans.push_back(branches[k]);
            }
        }
        prompts.push_back(std::move(entry));
    }

    int64_t take(int64_t rows) {
        const int64_t place = sum_rows;
        sum_rows += rows;
        return place;
    }
};

/// What the kernel is told besides tensors.
struct Shape {
    int64_t heads, key_heads;
    double scale;
    int64_t window;
    double soft_cap;
};

#define CT_SELF_ATTENTION(name)                                                                     \
    const SelfAttention<T> name {                                                                   \
        static_cast<const T *>(joined.const_data_ptr()), joined.size(0), joined.stride(0),          \
            ct::elements<float>(cosine), ct::elements<float>(sine), cosine.size(1),                 \
            shape.heads, shape.key_heads,                                                           \
            joined.size(1) / (shape.heads + 2 * shape.key_heads), shape.window,                     \
            static_cast<float>(shape.scale), static_cast<float>(shape.soft_cap),                    \
            static_cast<T *>(out.data_ptr()), log_sums.data_ptr<float>()                            \
    }

void attend(
    const at::Tensor &joined, const at::Tensor &cosine, const at::Tensor &sine, const Plan &plan,
    const Shape &shape, const ct::KnownAttention *known, const at::Tensor &out,
    const at::Tensor &log_sums) {
    CT_DISPATCH(
        joined, CT_SELF_ATTENTION(attention);
        const int64_t count = static_cast<int64_t>(plan.spans.size());
        ct::for_each_task(count * shape.key_heads, [&](int64_t task) {
            const ct_attention_span &span = plan.spans[task / shape.key_heads];
            const int64_t head = task % shape.key_heads;
            if (known != nullptr && take_span(attention, span, head, *known)) return;
            attend_span(attention, span, head);
        });)
}

at::Tensor pull_back(
    const at::Tensor &joined, const at::Tensor &cosine, const at::Tensor &sine, const Plan &plan,
    const Shape &shape, const at::Tensor &out, const at::Tensor &log_sums,
    const at::Tensor &incoming) {
    const int64_t width = joined.size(1) / (shape.heads + 2 * shape.key_heads);
    const int64_t of_head = plan.sum_rows * 2 * width;
    at::Tensor to_joined = at::empty({joined.size(0), joined.size(1)}, joined.options());
    const at::Tensor all_sums =
        at::empty({shape.key_heads * of_head}, joined.options().dtype(at::kFloat));
    float *sums = all_sums.data_ptr<float>();
    CT_DISPATCH(
        joined, CT_SELF_ATTENTION(attention);
        const SelfAttentionPull<T> pull{
            static_cast<const T *>(incoming.const_data_ptr()), incoming.stride(0),
            static_cast<T *>(to_joined.data_ptr()), joined.size(1)};
        const auto place = [&](int64_t head, int64_t row) {
            return row < 0 ? nullptr : sums + head * of_head + row * 2 * width;
        };
        const int64_t slices = static_cast<int64_t>(plan.slices.size());
        ct::for_each_task(slices * shape.key_heads, [&](int64_t task) {
            const Plan::Slice &slice = plan.slices[task / shape.key_heads];
            const int64_t head = task % shape.key_heads;
            pull_spans(
                attention, pull, plan.spans.data() + slice.first, slice.count, head,
                place(head, slice.past_sums), place(head, slice.own_sums));
        });
        const int64_t prompts = static_cast<int64_t>(plan.prompts.size());
        ct::for_each_task(prompts * shape.key_heads, [&](int64_t task) {
            const Plan::Prompt &prompt = plan.prompts[task / shape.key_heads];
            const int64_t head = task % shape.key_heads;
            float *own = place(head, prompt.own_sums);
            for (const int64_t part : prompt.past_sums) {
                add_all(own, place(head, part), 2 * prompt.length * width);
            }
            put_key_gradients(
                attention, pull, head, prompt.start, prompt.length, own,
                own + prompt.length * width);
        });)
    return to_joined;
}

struct SelfAttentionFunction : torch::autograd::Function<SelfAttentionFunction> {
    static at::Tensor forward(
        AutogradContext *context, const at::Tensor &joined, const at::Tensor &cosine,
        const at::Tensor &sine, const at::Tensor &spans, int64_t heads, int64_t key_heads,
        double scale, int64_t window, double soft_cap, const ct::KnownAttention *known) {
        const Shape shape{heads, key_heads, scale, window, soft_cap};
        const int64_t width = joined.size(1) / (heads + 2 * key_heads);
        const at::Tensor out = at::empty({joined.size(0), heads * width}, joined.options());
        const at::Tensor log_sums =
            at::empty({joined.size(0), heads}, joined.options().dtype(at::kFloat));
        attend(joined, cosine, sine, Plan(spans, joined.size(0)), shape, known, out, log_sums);
        context->save_for_backward({joined, cosine, sine, spans, out, log_sums});
        context->saved_data["heads"] = heads;
        context->saved_data["key_heads"] = key_heads;
        context->saved_data["scale"] = scale;
        context->saved_data["window"] = window;
        context->saved_data["soft_cap"] = soft_cap;
        return out;
    }

    static variable_list backward(AutogradContext *context, variable_list incoming) {
        const auto saved = context->get_saved_variables();
        const at::Tensor &joined = saved[0];
        const Shape shape{
            context->saved_data["heads"].toInt(), context->saved_data["key_heads"].toInt(),
            context->saved_data["scale"].toDouble(), context->saved_data["window"].toInt(),
            context->saved_data["soft_cap"].toDouble()};
        const at::Tensor pulled =
            incoming[0].stride(1) == 1 ? incoming[0] : incoming[0].contiguous();
        variable_list results(10);
        results[0] = pull_back(
            joined, saved[1], saved[2], Plan(saved[3], joined.size(0)), shape, saved[4], saved[5],
            pulled);
        return results;
    }
};

at::Tensor span_table(const ct_attention_span *spans, int64_t count) {
    static_assert(sizeof(ct_attention_span) == 4 * sizeof(int64_t));
    at::Tensor table = at::empty({count, 4}, at::kLong);
    std::copy(
        spans, spans + count,
        reinterpret_cast<ct_attention_span *>(table.mutable_data_ptr<int64_t>()));
    return table;
}

/// A prompt of 5 rows with branches of 20 and 3, by tensor operators: four query heads on two.
at::Tensor plain_result(const at::Tensor &joined, const at::Tensor &cosine, const at::Tensor &sine) {
    const auto turned = [&](const at::Tensor &x) {
        const at::Tensor a = x.narrow(2, 0, 4), b = x.narrow(2, 4, 4);
        const at::Tensor c = cosine.unsqueeze(1), s = sine.unsqueeze(1);
        return at::cat({a * c - b * s, b * c + a * s}, 2);
    };
    const at::Tensor heads = joined.view({28, 8, 8});
    const at::Tensor query = turned(heads.narrow(1, 0, 4)).transpose(0, 1);
    const auto repeated = [](const at::Tensor &x) {
        return x.transpose(0, 1).repeat_interleave(2, 0);
    };
    const at::Tensor key = repeated(turned(heads.narrow(1, 4, 2)));
    const at::Tensor value = repeated(heads.narrow(1, 6, 2));
    at::Tensor seen = at::ones({28, 28}, at::kBool).tril();
    seen.narrow(0, 25, 3).narrow(1, 5, 20).fill_(false);
    const at::Tensor scores = at::matmul(query, key.transpose(1, 2)) * 0.5;
    const at::Tensor weights = at::softmax(scores.masked_fill(~seen, -1e30), -1);
    return at::matmul(weights, value).transpose(0, 1).reshape({28, 32});
}

/// The first call of a process compares a small case with plain operators, forward and back.
bool agrees_with_operators() {
    const c10::AutoGradMode recording(true);
    const auto waves = [](at::IntArrayRef sizes, double step) {
        return at::arange(c10::multiply_integers(sizes), at::kFloat).mul_(step).sin_().view(sizes);
    };
    const at::Tensor cosine = waves({28, 4}, 0.7), sine = waves({28, 4}, 1.1);
    const at::Tensor pulled = waves({28, 32}, 0.31);
    const ct_attention_span spans[] = {{0, 0, 0, 5}, {0, 5, 5, 20}, {0, 5, 25, 3}};
    const at::Tensor table = span_table(spans, 3);
    for (const auto type : {at::kFloat, at::kBFloat16}) {
        const double tolerance = type == at::kFloat ? 1e-4 : 0.05;
        const at::Tensor rows = waves({28, 64}, 0.173).to(type);
        const at::Tensor own = rows.clone().set_requires_grad(true);
        const at::Tensor exact = rows.to(at::kFloat).set_requires_grad(true);
        const at::Tensor result = SelfAttentionFunction::apply(
            own, cosine, sine, table, int64_t{4}, int64_t{2}, 0.5, int64_t{0}, 0.0,
            static_cast<const ct::KnownAttention *>(nullptr));
        const at::Tensor expected = plain_result(exact, cosine, sine);
        const auto is_near = [&](const at::Tensor &a, const at::Tensor &b) {
            return at::allclose(a.detach().to(at::kFloat), b.detach(), tolerance, tolerance);
        };
        if (!is_near(result, expected)) return false;
        const auto slope = torch::autograd::grad({result}, {own}, {pulled.to(type)});
        const auto wanted = torch::autograd::grad({expected}, {exact}, {pulled});
        if (!is_near(slope[0], wanted[0])) return false;
    }
    return true;
}

} // namespace

bool ct_has_packed_self_attention(ct_dtype type) {
    bool has = false;
    ct::perform([&] {
        if (!ct::gemm_supports(ct::scalar_type(type))) return;
        static const bool is_right = [] {
            if (agrees_with_operators()) return true;
            TORCH_WARN("attention of our own differs from libtorch's operators; those are used");
            return false;
        }();
        has = is_right;
    });
    return has;
}

ct_tensor *ct_packed_self_attention(
    const ct_tensor *joined, const ct_tensor *cosine, const ct_tensor *sine,
    const ct_attention_span *spans, int64_t span_count, int64_t heads, int64_t key_heads,
    double scale, int64_t window, double soft_cap, const ct_known_rows *results,
    const ct_known_rows *log_sums) {
    return ct::make([&] {
        const at::Tensor &rows = joined->value, &c = cosine->value, &s = sine->value;
        TORCH_CHECK(
            rows.dim() == 2 && heads > 0 && key_heads > 0 && heads % key_heads == 0
                && rows.size(1) % (heads + 2 * key_heads) == 0 && rows.is_cpu()
                && ct::gemm_supports(rows.scalar_type()),
            "packed attention of ", heads, " and ", key_heads, " heads got ", rows.scalar_type(),
            rows.sizes());
        const int64_t width = rows.size(1) / (heads + 2 * key_heads);
        TORCH_CHECK(
            width % 2 == 0 && c.dim() == 2 && c.sizes() == s.sizes() && c.size(0) == rows.size(0)
                && 2 * c.size(1) <= width,
            "packed attention with heads of ", width, " got angles ", c.sizes(), " and ", s.sizes());
        for (int64_t i = 0; i < span_count; ++i) {
            const auto inside = [&](int64_t start, int64_t length) {
                return start >= 0 && length >= 0 && start + length <= rows.size(0);
            };
            TORCH_CHECK(
                inside(spans[i].past_start, spans[i].past_length)
                    && inside(spans[i].own_start, spans[i].own_length) && spans[i].own_length > 0,
                "span ", i, " lies outside the ", rows.size(0), " packed rows");
        }
        std::optional<ct::KnownAttention> known;
        if (results != nullptr && log_sums != nullptr) {
            known.emplace(ct::KnownAttention{
                ct::KnownRows(*results, rows, heads * width),
                ct::KnownRows(*log_sums, c.to(at::kFloat), heads)});
        }
        return SelfAttentionFunction::apply(
            rows.stride(1) == 1 ? rows : rows.contiguous(), c.to(at::kFloat).contiguous(),
            s.to(at::kFloat).contiguous(), span_table(spans, span_count), heads, key_heads, scale,
            window, soft_cap,
            known ? &*known : static_cast<const ct::KnownAttention *>(nullptr));
    });
}
