#include "../guard.h"
#include "elements.h"
#include "gemm.h"
#include "instruction_set.h"
#include "parallel.h"

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <vector>

#define CT_VARIANT "packed_attention.inc"
#include "variants.inc"

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Queries of a sequence worked on at one time: enough for efficient products, few enough that causal
/// blocks beyond them are skipped.
constexpr int64_t places_of_block = 128;
/// Scores at one time: 4 MB, about a core's share of the last cache.
constexpr int64_t scores_of_chunk = 1 << 20;

int64_t round_up(int64_t value) { return (value + 15) / 16 * 16; }

/// What stays the same through a call.
struct Settings {
    std::vector<ct_attention_span> spans;
    double scale;
    int64_t window;
    double soft_cap;
};

/// Sequences with equal pasts and similar lengths.
struct Chunk {
    int64_t first, count, past, longest;
};

/// Calls `body` for chunks of spans that fit `scores_of_chunk`.
template <class Body>
void each_chunk(const Settings &settings, int64_t heads, const Body &body) {
    const auto &spans = settings.spans;
    const int64_t count = static_cast<int64_t>(spans.size());
    for (int64_t first = 0; first < count;) {
        const int64_t past = spans[first].past_length;
        int64_t shortest = spans[first].own_length, longest = shortest, last = first + 1;
        for (; last < count && spans[last].past_length == past; ++last) {
            const int64_t length = spans[last].own_length;
            const int64_t low = std::min(shortest, length), high = std::max(longest, length);
            const int64_t scores = (last + 1 - first) * heads * std::min(high, places_of_block)
                * round_up(past + high);
            if (scores > scores_of_chunk || high > low * 5 / 4 + 16) break;
            shortest = low;
            longest = high;
        }
        body(Chunk{first, last - first, past, longest});
        first = last;
    }
}

/// Memory that grows and is used again by later blocks.
struct Scratch {
    at::Tensor memory;

    at::Tensor shaped(at::IntArrayRef sizes, const at::TensorOptions &options) {
        int64_t count = 1;
        for (const int64_t size : sizes) count *= size;
        if (!memory.defined() || memory.numel() < count) memory = at::empty({count}, options);
        return memory.narrow(0, 0, count).view(sizes);
    }
};

/// out[b] = a[b] · b[b]ᵀ in f32, so that scores are not rounded. `out` is dense, the rows of the others
/// are.
void multiply_transposed(at::Tensor &out, const at::Tensor &a, const at::Tensor &b) {
    if (ct::gemm_supports(a.scalar_type()) && a.size(2) % 2 == 0) {
        ct::for_each_task(a.size(0), [&](int64_t i) {
            at::Tensor target = out.select(0, i);
            ct::gemm_nt(a.select(0, i), b.select(0, i), nullptr, target);
        });
    } else {
        at::bmm_out(out, a.to(at::kFloat), b.to(at::kFloat).transpose(1, 2));
    }
}

/// out[b] = a[b] · b[b] in the operands' type; likewise.
void multiply(at::Tensor &out, const at::Tensor &a, const at::Tensor &b) {
    if (!ct::gemm_supports(a.scalar_type())) {
        at::bmm_out(out, a, b);
        return;
    }
    ct::for_each_task(a.size(0), [&](int64_t i) {
        at::Tensor target = out.select(0, i);
        ct::gemm_nn(a.select(0, i), b.select(0, i), target);
    });
}

template <class Rows, class T>
struct PackedAttention {
    const Settings &settings;
    at::Tensor query, key, value;
    int64_t heads, key_heads, width;
    at::TensorOptions plain, wide;
    Scratch queries, keys, values, scores, weights, results, slopes, raw_slopes, gradients,
        key_gradients;

    PackedAttention(
        const Settings &settings, at::Tensor query, at::Tensor key, at::Tensor value)
        : settings(settings), query(std::move(query)), key(std::move(key)),
          value(std::move(value)), heads(this->query.size(1)), key_heads(this->key.size(1)),
          width(this->query.size(2)), plain(this->query.options()),
          wide(plain.dtype(at::kFloat)) {}

    static T *data(const at::Tensor &tensor) { return static_cast<T *>(tensor.data_ptr()); }

    Rows rows(const Chunk &chunk) const {
        Rows rows{};
        rows.spans = settings.spans.data() + chunk.first;
        rows.span_count = chunk.count;
        rows.shared = heads / key_heads;
        rows.key_heads = key_heads;
        rows.width = width;
        rows.window = settings.window;
        rows.scale = static_cast<float>(settings.scale);
        rows.soft_cap = static_cast<float>(settings.soft_cap);
        return rows;
    }

    void gather_keys(
        const Rows &rows, const at::Tensor &from, const at::Tensor &to, int64_t length) const {
        rows.gather_keys(data(from), from.stride(0), from.stride(1), length, data(to));
    }

    /// Calls `body` with each block of queries of the chunk and the keys it can see.
    template <class Body>
    void each_block(const Chunk &chunk, const Body &body) {
        Rows rows = this->rows(chunk);
        const int64_t batch = chunk.count * key_heads;
        const int64_t length = round_up(chunk.past + chunk.longest);
        const at::Tensor all_keys = keys.shaped({batch, length, width}, plain);
        const at::Tensor all_values = values.shaped({batch, length, width}, plain);
        gather_keys(rows, key, all_keys, length);
        gather_keys(rows, value, all_values, length);
        for (int64_t first = 0; first < chunk.longest; first += places_of_block) {
            const int64_t last = std::min(first + places_of_block, chunk.longest);
            const int64_t reach =
                settings.window > 0 ? std::max<int64_t>(0, chunk.past + first + 1 - settings.window) : 0;
            rows.first_place = first;
            rows.places = last - first;
            rows.first_key = reach / 16 * 16;
            rows.keys = round_up(chunk.past + last) - rows.first_key;
            const at::Tensor block =
                queries.shaped({batch, rows.rows_of_head(), width}, plain);
            rows.gather_queries(data(query), query.stride(0), query.stride(1), data(block));
            body(
                rows, block, all_keys.narrow(1, rows.first_key, rows.keys),
                all_values.narrow(1, rows.first_key, rows.keys));
        }
    }

    /// a · bᵀ, [batch, rows, keys] f32.
    at::Tensor compare(Scratch &memory, const at::Tensor &a, const at::Tensor &b) {
        at::Tensor out = memory.shaped({a.size(0), a.size(1), b.size(1)}, wide);
        multiply_transposed(out, a, b);
        return out;
    }

    /// Room for what is made of `wide_values` in T: themselves where that is f32 too.
    at::Tensor narrowed(Scratch &memory, const at::Tensor &wide_values) {
        return query.scalar_type() == at::kFloat ? wide_values
                                                 : memory.shaped(wide_values.sizes(), plain);
    }

    void forward(const at::Tensor &out, const at::Tensor &log_sums) {
        each_chunk(settings, heads, [&](const Chunk &chunk) {
            each_block(chunk, [&](const Rows &rows, auto block, auto keys, auto values) {
                const at::Tensor raw = compare(scores, block, keys);
                const at::Tensor shares = narrowed(weights, raw);
                rows.weigh_all(
                    raw.data_ptr<float>(), data(shares), log_sums.data_ptr<float>());
                at::Tensor result = results.shaped(block.sizes(), plain);
                multiply(result, shares, values);
                rows.scatter_queries(data(result), data(out));
            });
        });
    }

    void backward(
        const at::Tensor &out, const at::Tensor &log_sums, const at::Tensor &incoming,
        const at::Tensor &to_query, const at::Tensor &to_key, const at::Tensor &to_value) {
        each_chunk(settings, heads, [&](const Chunk &chunk) {
            each_block(chunk, [&](const Rows &rows, auto block, auto keys, auto values) {
                const at::Tensor raw = compare(scores, block, keys);
                const at::Tensor shares = narrowed(weights, raw);
                at::Tensor pulled = gradients.shaped(block.sizes(), plain);
                rows.gather_queries(
                    data(incoming), incoming.stride(0), incoming.stride(1), data(pulled));
                const at::Tensor raw_slope = compare(raw_slopes, pulled, values);
                const at::Tensor slope = narrowed(slopes, raw_slope);
                rows.unweigh_all(
                    raw.data_ptr<float>(), raw_slope.data_ptr<float>(),
                    log_sums.data_ptr<float>(), data(out), data(incoming), incoming.stride(0),
                    incoming.stride(1), data(shares), data(slope));
                at::Tensor result = results.shaped(block.sizes(), plain);
                multiply(result, slope, keys);
                rows.scatter_queries(data(result), data(to_query));
                at::Tensor turned =
                    key_gradients.shaped({block.size(0), rows.keys, width}, plain);
                at::bmm_out(turned, slope.transpose(1, 2), block);
                rows.add_keys(data(turned), to_key.data_ptr<float>());
                at::bmm_out(turned, shares.transpose(1, 2), pulled);
                rows.add_keys(data(turned), to_value.data_ptr<float>());
            });
        });
    }
};

/// Calls `body(rows type, element type)` of the best instruction set.
template <class Body>
void with_rows(const at::Tensor &like, const Body &body) {
    CT_DISPATCH(like, body(AttentionRows<T>{}, T{});)
}

at::Tensor with_dense_channels(const at::Tensor &tensor) {
    return tensor.stride(-1) == 1 ? tensor : tensor.contiguous();
}

struct PackedAttentionFunction : torch::autograd::Function<PackedAttentionFunction> {
    static at::Tensor forward(
        AutogradContext *context, const at::Tensor &query, const at::Tensor &key,
        const at::Tensor &value, const at::Tensor &spans, double scale, int64_t window,
        double soft_cap) {
        const Settings settings = read(spans, scale, window, soft_cap);
        at::Tensor out = at::zeros(query.sizes(), query.options());
        at::Tensor log_sums =
            at::zeros({query.size(0), query.size(1)}, query.options().dtype(at::kFloat));
        with_rows(query, [&](auto rows, auto element) {
            PackedAttention<decltype(rows), decltype(element)>(settings, query, key, value)
                .forward(out, log_sums);
        });
        context->save_for_backward({query, key, value, out, log_sums, spans});
        context->saved_data["scale"] = scale;
        context->saved_data["window"] = window;
        context->saved_data["soft_cap"] = soft_cap;
        return out;
    }

    static variable_list backward(AutogradContext *context, variable_list incoming) {
        const auto saved = context->get_saved_variables();
        const at::Tensor &query = saved[0], &key = saved[1], &value = saved[2];
        const Settings settings = read(
            saved[5], context->saved_data["scale"].toDouble(),
            context->saved_data["window"].toInt(), context->saved_data["soft_cap"].toDouble());
        const at::Tensor pulled = with_dense_channels(incoming[0]);
        at::Tensor to_query = at::zeros(query.sizes(), query.options());
        at::Tensor to_key = at::zeros(key.sizes(), key.options().dtype(at::kFloat));
        at::Tensor to_value = at::zeros(key.sizes(), key.options().dtype(at::kFloat));
        with_rows(query, [&](auto rows, auto element) {
            PackedAttention<decltype(rows), decltype(element)>(settings, query, key, value)
                .backward(saved[3], saved[4], pulled, to_query, to_key, to_value);
        });
        return {
            to_query, to_key.to(key.scalar_type()), to_value.to(value.scalar_type()),
            at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor()};
    }

    static Settings read(
        const at::Tensor &spans, double scale, int64_t window, double soft_cap) {
        const auto *first =
            reinterpret_cast<const ct_attention_span *>(ct::elements<int64_t>(spans));
        return {{first, first + spans.size(0)}, scale, window, soft_cap};
    }
};

void check(
    const at::Tensor &query, const at::Tensor &key, const at::Tensor &value,
    const ct_attention_span *spans, int64_t count) {
    const auto type = query.scalar_type();
    TORCH_CHECK(
        (type == at::kFloat || type == at::kBFloat16) && key.scalar_type() == type
            && value.scalar_type() == type,
        "packed attention takes f32 or bf16, not ", type, ", ", key.scalar_type(), " and ",
        value.scalar_type());
    TORCH_CHECK(query.is_cpu() && key.is_cpu() && value.is_cpu(), "packed attention runs on the CPU");
    TORCH_CHECK(
        query.dim() == 3 && key.dim() == 3 && value.sizes() == key.sizes()
            && key.size(0) == query.size(0) && key.size(2) == query.size(2) && key.size(1) > 0
            && query.size(1) % key.size(1) == 0,
        "packed attention got query ", query.sizes(), ", key ", key.sizes(), ", value ",
        value.sizes());
    const auto inside = [&](int64_t start, int64_t length) {
        return start >= 0 && length >= 0 && start + length <= query.size(0);
    };
    for (int64_t i = 0; i < count; ++i) {
        TORCH_CHECK(
            inside(spans[i].past_start, spans[i].past_length)
                && inside(spans[i].own_start, spans[i].own_length) && spans[i].own_length > 0,
            "span ", i, " lies outside the ", query.size(0), " packed rows");
    }
}

} // namespace

ct_tensor *ct_packed_attention(
    const ct_tensor *query, const ct_tensor *key, const ct_tensor *value,
    const ct_attention_span *spans, int64_t span_count, double scale, int64_t window,
    double soft_cap) {
    return ct::make([&] {
        check(query->value, key->value, value->value, spans, span_count);
        static_assert(sizeof(ct_attention_span) == 4 * sizeof(int64_t));
        at::Tensor table = at::empty({span_count, 4}, at::kLong);
        std::copy(
            spans, spans + span_count,
            reinterpret_cast<ct_attention_span *>(table.mutable_data_ptr<int64_t>()));
        return PackedAttentionFunction::apply(
            with_dense_channels(query->value), with_dense_channels(key->value),
            with_dense_channels(value->value), table, scale, window, soft_cap);
    });
}
