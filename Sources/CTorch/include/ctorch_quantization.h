#pragma once
#include "ctorch_types.h"

CT_BEGIN
/// How many consecutive numbers of a 4-bit matrix share a scale, and how many scales share one of their own.
enum { CT_NF4_BLOCK = 64, CT_NF4_SCALE_BLOCK = 256 };

/// A matrix [rows, columns] of 4-bit numbers, flattened: number i is code[codes_i] · scale_(i / 64), and
/// scale_j is dynamic[scale_codes_j] · outer_scales_(j / 256) + mean. Two codes share a byte, the first in
/// its upper half.
typedef struct ct_nf4_matrix {
    const ct_tensor *codes;        // [⌈rows · columns / 2⌉] uint8
    const ct_tensor *scale_codes;  // [⌈rows · columns / 64⌉] uint8
    const ct_tensor *outer_scales; // [⌈scales / 256⌉] f32
    double mean;
    int64_t rows, columns;
} ct_nf4_matrix;

/// The 16 numbers of the code, ascending.
void ct_nf4_code(float *values);
/// Codes `matrix`, contiguous on the host, of an even number of columns.
bool ct_nf4_quantize(
    const ct_tensor *matrix, ct_tensor **codes, ct_tensor **scale_codes, ct_tensor **outer_scales,
    double *mean);
/// Rows [first, first + count) in `dtype`.
ct_tensor *ct_nf4_rows(const ct_nf4_matrix *matrix, int64_t first, int64_t count, ct_dtype dtype);
/// The same by tensor operators; what `ct_nf4_rows` is tested against.
ct_tensor *ct_nf4_rows_plain(
    const ct_nf4_matrix *matrix, int64_t first, int64_t count, ct_dtype dtype);
/// The rows at `indices` [N] int64 in `dtype`: [N, columns].
ct_tensor *ct_nf4_select(const ct_nf4_matrix *matrix, const ct_tensor *indices, ct_dtype dtype);
/// x [N, columns] · matrixᵀ + bias in the type of `x`: [N, rows]. Gradients flow to `x` and `bias`.
ct_tensor *ct_nf4_linear(const ct_tensor *x, const ct_nf4_matrix *matrix, const ct_tensor *bias);
/// As `ct_linear_log_probabilities` for a 4-bit head.
bool ct_nf4_log_probabilities(
    const ct_tensor *hidden, const ct_nf4_matrix *head, const ct_tensor *targets,
    double temperature, double soft_cap, int64_t block_bytes, ct_tensor **log_probabilities,
    ct_tensor **entropy);
CT_END
