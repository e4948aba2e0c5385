#pragma once
#include "int8_product.h"

#include "../include/ctorch_decode.h"

#include <memory>
#include <vector>

namespace ct {

/// A linear layer as plain memory. Without adapters the data of `down` is null.
struct DecodeLinear {
    Matrix weight;
    /// The same in eight bits, or null.
    std::shared_ptr<const Int8Matrix> coded;
    const float *bias;
    /// All adapters' first matrices [R, I], and their second ones, scaled, [O, R].
    Matrix down, up;
};

struct DecodeLayer {
    DecodeLinear query_key_value, attention_output, gate_up, down;
    const void *attention_norm, *query_norm, *key_norm, *attention_output_norm;
    const void *feed_forward_norm, *feed_forward_output_norm;
    void *key_pool, *value_pool;
    const float *cosine, *sine;
    int64_t half_angles, window;
    /// Where the results of the four products stay, or null: [rows, (H + 2 K) · D], [rows, width],
    /// [rows, 2 · inner_width] with rows `gate_up_stride` apart, [rows, width].
    void *kept_joined, *kept_output, *kept_gate_up, *kept_down;
    /// And what attention gives: [rows, H · D], [rows, H].
    void *kept_attended;
    float *kept_log_sums;
    int64_t gate_up_stride;
};

/// Packed operands of a call, whose memory a thread keeps for the next.
struct DecodeRoom {
    PackedRows input, inner, low_rank;
    Int8Rows coded_input;
};

/// A call of `ct_decode_layers` as plain memory.
struct DecodeWork {
    at::ScalarType type;
    int64_t rows, width, inner_width;
    ct_decode_shape shape;
    std::vector<DecodeLayer> layers;
    const void *last_norm;
    const ct_cache_span *spans;
    const int32_t *tables;
    /// [rows, width]: the residual stream, what is added to it next, and its norm.
    void *stream, *delta, *normed;
    /// [rows, (H + 2 K) · D], [rows, H · D], [rows, inner_width].
    void *joined, *attended, *active;
    /// [rows, R] of the layer with the largest R.
    void *low_rank;
};

} // namespace ct
