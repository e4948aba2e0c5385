#pragma once
#include "ctorch_types.h"

/// Tokens per cache block. Sixteen scores are one vector register of f32.
#define CT_CACHE_BLOCK 16

/// The new tokens of one sequence in a packed batch and the cache blocks they see.
///
/// Positions below `shared_length` lie in the blocks listed from `shared_table` on (the prompt of a
/// group), the later ones in the blocks listed from `own_table` on; both are offsets into one list of
/// block numbers. Each part begins at the start of a block.
typedef struct ct_cache_span {
    int64_t first_row;
    int64_t rows;
    int64_t first_position;
    int64_t shared_length;
    int64_t shared_table;
    int64_t own_table;
} ct_cache_span;

/// How one token is drawn. A neutral value switches its step off: temperature 1, top_k 0, top_p 1,
/// min_p 0, repetition_penalty 1. A temperature of 0 takes the largest logit.
typedef struct ct_draw {
    int64_t logits_row;
    double temperature;
    int64_t top_k;
    double top_p;
    double min_p;
    double repetition_penalty;
    /// In [0, 1): where in the cumulative distribution the token is taken.
    double uniform;
    /// Range of the list of tokens that the repetition penalty applies to.
    int64_t seen_offset;
    int64_t seen_count;
} ct_draw;

typedef enum ct_drawn_status { CT_DRAWN = 0, CT_LOGITS_NOT_FINITE = 1 } ct_drawn_status;

typedef struct ct_drawn {
    int32_t token;
    ct_drawn_status status;
    /// Under the distribution really drawn from, in nats.
    float log_probability;
    /// Under the softmax of the untouched logits, in nats.
    float raw_log_probability;
} ct_drawn;

CT_BEGIN
/// Writes `key` and `value` [N, K, D] into the cache, then attends with `query` [N, H, D]; returns
/// [N, H, D]. `key_pool` is [blocks, K, D, 16], or of bf16 [blocks, K, D / 2, 16, 2] under that shape;
/// `value_pool` [blocks, K, 16, D rounded up to 16]. f32, or bf16 with even D, on the CPU, sums in f32.
/// `window` 0 and `soft_cap` 0 mean none. What a row gets does not depend on the other rows of the batch
/// nor on the number of threads.
ct_tensor *ct_cached_attention(
    const ct_tensor *query, const ct_tensor *key, const ct_tensor *value, ct_tensor *key_pool,
    ct_tensor *value_pool, const ct_cache_span *spans, int64_t span_count, const int32_t *tables,
    double scale, int64_t window, double soft_cap);

/// Draws `count` tokens from rows of `logits` [R, V], f32 or bf16 on the CPU. Several draws may name
/// one row. The steps in order: repetition penalty, temperature, top-k, top-p, min-p.
bool ct_sample(
    const ct_tensor *logits, const ct_draw *draws, int64_t count, const int32_t *seen,
    ct_drawn *drawn);

/// Makes the kernels of this module use at most this instruction set on this thread; for tests.
typedef enum ct_instruction_set {
    CT_PLAIN = 0,
    CT_AVX2 = 1,
    CT_AVX512 = 2,
    CT_AVX512_BF16 = 3
} ct_instruction_set;
ct_instruction_set ct_limit_instruction_set(ct_instruction_set limit);
CT_END
