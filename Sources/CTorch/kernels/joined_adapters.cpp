#include "joined_adapters.h"
#include "adapter_group.h"

#include <cstring>
#include <memory>
#include <vector>

namespace {

/// The joined matrices of a group, for passes that record no gradients and find the same adapters
/// again and again: each decode step does.
struct JoinedAdapters {
    struct Source {
        at::Tensor matrix;
        uint32_t version;
    };
    std::vector<Source> sources;
    at::Tensor settings, down, up;

    bool is_made_of(
        const std::vector<at::Tensor> &matrices, const at::Tensor &wanted, at::ScalarType type,
        int64_t outputs) const {
        if (matrices.size() != sources.size() || down.scalar_type() != type
            || up.size(0) != outputs
            || std::memcmp(
                   settings.const_data_ptr(), wanted.const_data_ptr(), settings.nbytes())
                != 0) {
            return false;
        }
        for (size_t i = 0; i < matrices.size(); ++i) {
            const Source &source = sources[i];
            if (!source.matrix.is_same(matrices[i]) || source.version != matrices[i]._version()) {
                return false;
            }
        }
        return true;
    }

    /// Kept with the handle of the group's first matrix.
    static std::shared_ptr<JoinedAdapters> of(
        const ct_tensor *first, const std::vector<at::Tensor> &matrices,
        const at::Tensor &settings, at::ScalarType type, int64_t outputs) {
        auto known = std::static_pointer_cast<JoinedAdapters>(first->derived);
        if (known && known->is_made_of(matrices, settings, type, outputs)) return known;
        const ct::AdapterGroup group(matrices, settings, type);
        auto made = std::make_shared<JoinedAdapters>();
        made->settings = settings;
        made->down = group.all_down();
        made->up = group.all_up(outputs);
        for (const at::Tensor &matrix : matrices) {
            made->sources.push_back({matrix, static_cast<uint32_t>(matrix._version())});
        }
        first->derived = made;
        return made;
    }
};

} // namespace

namespace ct {

JoinedMatrices joined_adapters(
    const ct_linear_adapter *adapters, int64_t count, int64_t inputs, int64_t outputs,
    at::ScalarType type) {
    const AdapterArguments arguments(adapters, count, inputs, outputs);
    TORCH_CHECK(!arguments.has_dropout, "adapters with dropout cannot be joined");
    return joined_adapters(adapters[0].down, arguments, outputs, type);
}

JoinedMatrices joined_adapters(
    const ct_tensor *first, const AdapterArguments &arguments, int64_t outputs,
    at::ScalarType type) {
    const auto joined =
        JoinedAdapters::of(first, arguments.matrices, arguments.settings, type, outputs);
    return {joined->down, joined->up};
}

} // namespace ct
