#include "decode_layers.h"

#include "../guard.h"
#include "elements.h"
#include "instruction_set.h"
#include "joined_adapters.h"
#include "parallel.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <deque>
#include <limits>
#include <vector>

#define CT_VARIANT "decode_layers.inc"
#include "variants.inc"

namespace {

using ct::DecodeLayer;
using ct::DecodeLinear;
using ct::DecodeWork;

ct::Matrix matrix(const at::Tensor &x) {
    return {x.const_data_ptr(), x.size(0), x.size(1), x.stride(0)};
}

/// Reads the arguments of a call, and keeps alive what is made of them.
class Reader {
public:
    Reader(const at::Tensor &stream, ct_decode_precision precision)
        : type_(stream.scalar_type()), precision_(precision) {}

    DecodeLinear linear(const ct_decode_linear &layer, int64_t inputs, int64_t outputs) {
        const at::Tensor &weight = layer.weight->value;
        TORCH_CHECK(
            ct::gemm_accepts(weight) && weight.scalar_type() == type_ && weight.size(1) == inputs
                && (outputs == 0 || weight.size(0) == outputs),
            "a decode step in ", type_, " of ", inputs, " to ", outputs, " channels got weights ",
            weight.scalar_type(), weight.sizes());
        DecodeLinear result{matrix(weight), nullptr, nullptr, {}, {}};
        if (precision_ == CT_DECODE_INT8) result.coded = ct::int8_matrix(layer.weight);
        if (layer.bias != nullptr) {
            const at::Tensor &bias = layer.bias->value;
            TORCH_CHECK(
                bias.dim() == 1 && bias.size(0) == weight.size(0), "a bias of ", bias.sizes(),
                " for weights ", weight.sizes());
            result.bias = numbers(bias);
        }
        if (layer.adapter_count > 0) {
            const auto joined = ct::joined_adapters(
                layer.adapters, layer.adapter_count, inputs, weight.size(0), type_);
            TORCH_CHECK(
                ct::gemm_accepts(joined.down) && ct::gemm_accepts(joined.up),
                "a decode step got adapters of odd rank in bf16");
            result.down = matrix(kept(joined.down));
            result.up = matrix(kept(joined.up));
            most_rank = std::max(most_rank, joined.down.size(0));
        }
        return result;
    }

    /// A vector in f32. Short ones of bf16 are widened here: a conversion of libtorch's takes longer than that.
    const float *numbers(const at::Tensor &x) {
        if (x.scalar_type() != at::kBFloat16 || !x.is_contiguous() || !x.is_cpu()) {
            return ct::elements<float>(kept(x.detach().to(at::kFloat).contiguous()));
        }
        const auto *elements = static_cast<const ct::plain::bf16 *>(x.const_data_ptr());
        std::vector<float> &wide = widened_.emplace_back(x.numel());
        for (size_t i = 0; i < wide.size(); ++i) wide[i] = ct::plain::widen(elements[i]);
        return wide.data();
    }

    const void *norm(const ct_tensor *weight, int64_t width) {
        if (weight == nullptr) return nullptr;
        const at::Tensor &value = weight->value;
        TORCH_CHECK(
            value.dim() == 1 && value.size(0) == width && value.scalar_type() == type_
                && value.is_cpu(),
            "a norm of ", width, " channels in a decode step got weights ", value.scalar_type(),
            value.sizes());
        if (value.is_contiguous()) return value.const_data_ptr();
        return kept(value.contiguous()).const_data_ptr();
    }

    const float *angles(const ct_tensor *angles) {
        if (angles == nullptr) return nullptr;
        const at::Tensor &value = angles->value;
        if (value.scalar_type() == at::kFloat && value.is_contiguous()) {
            return ct::elements<float>(value);
        }
        return ct::elements<float>(kept(value.to(at::kFloat).contiguous()));
    }

    int64_t most_rank = 0;

private:
    const at::Tensor &kept(at::Tensor tensor) {
        kept_.push_back(std::move(tensor));
        return kept_.back();
    }

    at::ScalarType type_;
    ct_decode_precision precision_;
    std::deque<at::Tensor> kept_;
    std::deque<std::vector<float>> widened_;
};

/// Points each of `rooms` to memory for [rows, width], and returns what holds it.
template <size_t count>
at::Tensor in_one_piece(
    const DecodeWork &work, const int64_t (&widths)[count], void **const (&rooms)[count]) {
    constexpr int64_t line = 64;
    const auto bytes = [&](size_t i) {
        const int64_t needed = work.rows * widths[i] * c10::elementSize(work.type);
        return (needed + line - 1) / line * line;
    };
    int64_t total = line;
    for (size_t i = 0; i < count; ++i) total += bytes(i);
    at::Tensor memory = at::empty({total}, at::kByte);
    const auto start = reinterpret_cast<uintptr_t>(memory.mutable_data_ptr());
    uintptr_t next = (start + line - 1) / line * line;
    for (size_t i = 0; i < count; ++i) {
        *rooms[i] = reinterpret_cast<void *>(next);
        next += bytes(i);
    }
    return memory;
}

void check_pools(
    const at::Tensor &key, const at::Tensor &value, const ct_decode_shape &shape,
    at::ScalarType type) {
    const int64_t block = CT_CACHE_BLOCK, width = shape.head_width;
    const int64_t padded = (width + 15) / 16 * 16;
    TORCH_CHECK(
        key.scalar_type() == type && value.scalar_type() == type && key.is_contiguous()
            && value.is_contiguous()
            && key.sizes() == at::IntArrayRef({key.size(0), shape.key_heads, width, block})
            && value.sizes() == at::IntArrayRef({key.size(0), shape.key_heads, block, padded})
            && (type == at::kFloat || width % 2 == 0),
        "a decode step got pools ", key.sizes(), " and ", value.sizes());
}

/// Where results of `layer` stay.
void set_kept(
    DecodeLayer &layer, const ct_decode_kept &kept, int64_t first_row, const DecodeWork &work,
    int64_t joined) {
    const auto rows = [&](const ct_tensor *tensor, int64_t width, int64_t &stride,
                          at::ScalarType type) {
        const at::Tensor &room = tensor->value;
        TORCH_CHECK(
            room.dim() == 2 && room.is_cpu() && room.scalar_type() == type
                && room.size(1) == width && room.stride(1) == 1 && first_row >= 0
                && first_row + work.rows <= room.size(0),
            "a decode step of ", work.rows, " rows leaves ", width, " columns from row ",
            first_row, " on in ", room.scalar_type(), room.sizes());
        stride = room.stride(0);
        return static_cast<void *>(
            static_cast<char *>(room.data_ptr()) + first_row * stride * room.element_size());
    };
    const auto dense = [&](const ct_tensor *tensor, int64_t width, at::ScalarType type) {
        int64_t stride = 0;
        void *const place = rows(tensor, width, stride, type);
        TORCH_CHECK(stride == width, "rows that a decode step leaves lie apart");
        return place;
    };
    const auto &shape = work.shape;
    if (kept.query_key_value != nullptr) {
        layer.kept_joined = dense(kept.query_key_value, joined, work.type);
    }
    if (kept.attended != nullptr && kept.log_sums != nullptr) {
        layer.kept_attended = dense(kept.attended, shape.heads * shape.head_width, work.type);
        layer.kept_log_sums =
            static_cast<float *>(dense(kept.log_sums, shape.heads, at::kFloat));
    }
    if (kept.attention_output != nullptr) {
        layer.kept_output = dense(kept.attention_output, work.width, work.type);
    }
    layer.kept_gate_up =
        rows(kept.gate_up, 2 * work.inner_width, layer.gate_up_stride, work.type);
    layer.kept_down = dense(kept.down, work.width, work.type);
}

void check_spans(const ct_decode_step &step, int64_t rows, int64_t blocks) {
    TORCH_CHECK(step.span_count == rows, rows, " rows in a decode step got ", step.span_count, " spans");
    for (int64_t i = 0; i < rows; ++i) {
        const ct_cache_span &span = step.spans[i];
        TORCH_CHECK(
            span.rows == 1 && span.first_row == i && span.first_position >= 0
                && span.shared_length >= 0,
            "span ", i, " is no single row of a decode step");
        const auto check_table = [&](int64_t table, int64_t tokens) {
            for (int64_t k = 0; k < (tokens + CT_CACHE_BLOCK - 1) / CT_CACHE_BLOCK; ++k) {
                const int64_t number = step.tables[table + k];
                TORCH_CHECK(
                    number >= 0 && number < blocks, "span ", i, " names block ", number, " of ",
                    blocks);
            }
        };
        const int64_t end = span.first_position + 1;
        check_table(span.shared_table, std::min(span.shared_length, end));
        check_table(span.own_table, end - span.shared_length);
    }
}

} // namespace

bool ct_has_decode_layers(ct_dtype type) {
    return (type == CT_FLOAT32 || type == CT_BFLOAT16)
        && ct::gemm_supports(ct::scalar_type(type));
}

bool ct_has_int8_products(ct_dtype type) { return ct_has_decode_layers(type) && ct::int8_supports(); }

ct_tensor *ct_int8_linear(const ct_tensor *x, const ct_tensor *weight) {
    return ct::make([&] {
        const at::Tensor rows = x->value.detach().contiguous();
        const at::Tensor &w = weight->value;
        TORCH_CHECK(
            rows.dim() == 2 && w.dim() == 2 && rows.size(1) == w.size(1) && rows.is_cpu()
                && rows.scalar_type() == w.scalar_type() && ct::int8_supports()
                && ct::gemm_supports(rows.scalar_type()),
            "a product in eight bits got ", rows.scalar_type(), rows.sizes(), " and ",
            w.scalar_type(), w.sizes());
        const auto coded = ct::int8_matrix(weight);
        const int64_t count = rows.size(0), outputs = w.size(0);
        ct::Int8Rows packed;
        packed.prepare(count, rows.size(1), rows.scalar_type());
        ct::for_each_task(packed.slabs(), [&](int64_t i) { packed.pack(matrix(rows), i); });
        at::Tensor out = at::empty({count, outputs}, rows.options());
        const ct::Result result{out.data_ptr(), outputs, out.scalar_type()};
        constexpr int64_t share = 96;
        ct::for_each_in_order((outputs + share - 1) / share, [&](int64_t i) {
            const int64_t end = std::min((i + 1) * share, outputs);
            ct::int8_product(packed, *coded, nullptr, nullptr, result, i * share, end);
        });
        return out;
    });
}

ct_tensor *ct_plain_int8_linear(const ct_tensor *x, const ct_tensor *weight) {
    return ct::make([&] {
        return ct::plain_int8_product(x->value.detach(), ct::Int8Matrix(weight->value.detach()));
    });
}

ct_tensor *ct_decode_layers(
    const ct_tensor *stream, const ct_decode_layer *layers, int64_t layer_count,
    const ct_tensor *last_norm, const ct_decode_shape *shape, const ct_decode_step *step) {
    return ct::make([&] {
        const at::Tensor &in = stream->value;
        TORCH_CHECK(
            in.dim() == 2 && in.is_cpu() && ct::gemm_supports(in.scalar_type()) && layer_count > 0
                && shape->heads % shape->key_heads == 0,
            "a decode step got ", in.scalar_type(), in.sizes());
        TORCH_CHECK(
            shape->precision == CT_DECODE_EXACT || ct::int8_supports(),
            "this processor has no products of bytes");
        Reader reader(in, shape->precision);
        DecodeWork work{};
        work.type = in.scalar_type();
        work.rows = in.size(0);
        work.width = in.size(1);
        work.shape = *shape;
        const int64_t queries = shape->heads * shape->head_width;
        const int64_t joined = queries + 2 * shape->key_heads * shape->head_width;
        work.inner_width = layers[0].down.weight->value.size(1);
        const float *cosines[2], *sines[2];
        int64_t half[2];
        for (int i = 0; i < 2; ++i) {
            cosines[i] = reader.angles(step->cosines[i]);
            sines[i] = reader.angles(step->sines[i]);
            half[i] = cosines[i] == nullptr ? 0 : step->cosines[i]->value.size(1);
            TORCH_CHECK(
                cosines[i] == nullptr
                    || (step->cosines[i]->value.size(0) == work.rows
                        && 2 * half[i] <= shape->head_width),
                "a decode step of ", work.rows, " rows got angles of another shape");
        }
        for (int64_t i = 0; i < layer_count; ++i) {
            const ct_decode_layer &layer = layers[i];
            at::Tensor &keys = step->key_pools[i]->value, &values = step->value_pools[i]->value;
            check_pools(keys, values, *shape, work.type);
            if (i == 0) check_spans(*step, work.rows, keys.size(0));
            TORCH_CHECK(
                (layer.angles == 0 || layer.angles == 1) && cosines[layer.angles] != nullptr,
                "layer ", i, " of a decode step has no angles");
            work.layers.push_back(DecodeLayer{
                .query_key_value = reader.linear(layer.query_key_value, work.width, joined),
                .attention_output = reader.linear(layer.attention_output, queries, work.width),
                .gate_up = reader.linear(layer.gate_up, work.width, 2 * work.inner_width),
                .down = reader.linear(layer.down, work.inner_width, work.width),
                .attention_norm = reader.norm(layer.attention_norm, work.width),
                .query_norm = reader.norm(layer.query_norm, shape->head_width),
                .key_norm = reader.norm(layer.key_norm, shape->head_width),
                .attention_output_norm = reader.norm(layer.attention_output_norm, work.width),
                .feed_forward_norm = reader.norm(layer.feed_forward_norm, work.width),
                .feed_forward_output_norm =
                    reader.norm(layer.feed_forward_output_norm, work.width),
                .key_pool = keys.mutable_data_ptr(),
                .value_pool = values.mutable_data_ptr(),
                .cosine = cosines[layer.angles],
                .sine = sines[layer.angles],
                .half_angles = half[layer.angles],
                .window = layer.window,
                .kept_joined = nullptr,
                .kept_output = nullptr,
                .kept_gate_up = nullptr,
                .kept_down = nullptr,
                .kept_attended = nullptr,
                .kept_log_sums = nullptr,
                .gate_up_stride = 0,
            });
            if (step->kept != nullptr) {
                set_kept(work.layers.back(), step->kept[i], step->first_kept_row, work, joined);
            }
        }
        work.last_norm = reader.norm(last_norm, work.width);
        work.spans = step->spans;
        work.tables = step->tables;
        at::Tensor out = at::empty({work.rows, work.width}, in.options().requires_grad(false));
        work.normed = out.mutable_data_ptr();
        const int64_t widths[] = {
            work.width, work.width, joined, queries, work.inner_width,
            std::max<int64_t>(reader.most_rank, 1)};
        void **const rooms[] = {
            &work.stream, &work.delta, &work.joined, &work.attended, &work.active, &work.low_rank};
        const at::Tensor memory = in_one_piece(work, widths, rooms);
        const at::Tensor rows = in.contiguous();
        std::memcpy(work.stream, rows.const_data_ptr(), rows.nbytes());
        static thread_local ct::DecodeRoom room;
        CT_DISPATCH(in, DecodeStack<T>(work, room).run();)
        return out;
    });
}

bool ct_confirm(const ct_tensor *plain, const ct_tensor *fast, const char *what) {
    const auto agrees = [&] {
        const at::Tensor a = plain->value.contiguous(), b = fast->value.contiguous();
        return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes()
            && std::memcmp(a.const_data_ptr(), b.const_data_ptr(), a.nbytes()) == 0;
    };
    bool result = false;
    ct::perform([&] {
        result = agrees();
        if (!result) TORCH_WARN(what, " differs from single operations on its first step; it is off");
    });
    return result;
}
