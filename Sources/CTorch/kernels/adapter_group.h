#pragma once
#include "../guard.h"
#include "../include/ctorch_decoder.h"
#include "dropout.h"
#include "elements.h"
#include "linear.h"

#include <vector>

namespace ct {

/// A low-rank addition to some rows of a matrix.
struct Adapter {
    at::Tensor down, up; // [r, I], [rows, r] in the compute type, `up` times the scale
    int64_t first_row, rows;
    double scale, dropout;
    uint64_t seed;

    at::Tensor input(const at::Tensor &x) const {
        return dropout > 0 ? dropped(x, dropout, seed) : x;
    }
};

/// Adapters on one matrix. Without dropout their first products are one, and so are the second, with the
/// `up` matrices on the diagonal of one matrix.
struct AdapterGroup {
    std::vector<Adapter> members;

    AdapterGroup(
        const std::vector<at::Tensor> &matrices, const at::Tensor &settings, at::ScalarType type) {
        const double *values = ct::elements<double>(settings);
        for (size_t i = 0; i * 2 < matrices.size(); ++i, values += 5) {
            Adapter adapter;
            adapter.first_row = static_cast<int64_t>(values[0]);
            adapter.scale = values[1];
            adapter.dropout = values[2];
            adapter.seed = static_cast<uint64_t>(values[3]) << 32 | static_cast<uint64_t>(values[4]);
            adapter.down = matrices[2 * i].to(type);
            adapter.up = (matrices[2 * i + 1] * adapter.scale).to(type);
            adapter.rows = adapter.up.size(0);
            members.push_back(std::move(adapter));
        }
    }

    bool has_dropout() const {
        for (const Adapter &member : members) {
            if (member.dropout > 0) return true;
        }
        return false;
    }

    int64_t rank() const {
        int64_t sum = 0;
        for (const Adapter &member : members) sum += member.down.size(0);
        return sum;
    }

    /// [R, I]
    at::Tensor all_down() const {
        if (members.size() == 1) return members[0].down;
        std::vector<at::Tensor> parts;
        for (const Adapter &member : members) parts.push_back(member.down);
        return at::cat(parts, 0);
    }

    /// [O, R]
    at::Tensor all_up(int64_t outputs) const {
        if (members.size() == 1 && members[0].rows == outputs) return members[0].up;
        at::Tensor out = at::zeros({outputs, rank()}, members[0].up.options());
        int64_t column = 0;
        for (const Adapter &member : members) {
            const int64_t rank = member.up.size(1);
            out.narrow(0, member.first_row, member.rows).narrow(1, column, rank).copy_(member.up);
            column += rank;
        }
        return out;
    }

    /// Inputs times `down`, [N, R].
    at::Tensor inner(const at::Tensor &x) const {
        if (!has_dropout()) return product_transposed(x, all_down());
        std::vector<at::Tensor> parts;
        for (const Adapter &member : members) {
            parts.push_back(product_transposed(member.input(x), member.down));
        }
        return at::cat(parts, 1);
    }
};

/// The matrices of adapters and what else describes them, checked against the layer.
struct AdapterArguments {
    std::vector<at::Tensor> matrices;
    at::Tensor settings;
    bool has_dropout = false;

    AdapterArguments(
        const ct_linear_adapter *adapters, int64_t count, int64_t inputs, int64_t outputs)
        : settings(at::empty({count, 5}, at::kDouble)) {
        double *values = settings.mutable_data_ptr<double>();
        for (int64_t i = 0; i < count; ++i, values += 5) {
            const ct_linear_adapter &adapter = adapters[i];
            const at::Tensor &down = adapter.down->value, &up = adapter.up->value;
            TORCH_CHECK(
                down.dim() == 2 && up.dim() == 2 && down.size(1) == inputs
                    && up.size(1) == down.size(0) && adapter.first_row >= 0
                    && adapter.first_row + up.size(0) <= outputs,
                "adapter ", up.sizes(), " · ", down.sizes(), " does not fit rows from ",
                adapter.first_row, " of [", outputs, ", ", inputs, "]");
            values[0] = static_cast<double>(adapter.first_row);
            values[1] = adapter.scale;
            values[2] = adapter.dropout;
            values[3] = static_cast<double>(adapter.seed >> 32);
            values[4] = static_cast<double>(adapter.seed & 0xFFFFFFFF);
            matrices.push_back(down);
            matrices.push_back(up);
            has_dropout = has_dropout || adapter.dropout > 0;
        }
    }
};

} // namespace ct
