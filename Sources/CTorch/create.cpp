#include "guard.h"

#include <ATen/CPUGeneratorImpl.h>

#include <cstring>

namespace {
std::optional<at::Generator> seeded(const uint64_t *seed, at::Device device) {
    if (!seed) return std::nullopt;
    if (device.is_cpu()) return at::detail::createCPUGenerator(*seed);
    auto generator =
        at::globalContext().getAcceleratorHooksInterface(device.type()).getNewGenerator(
            device.index());
    generator.set_current_seed(*seed);
    return generator;
}
} // namespace

ct_tensor *ct_from_values(
    const void *values, ct_dtype dtype, const int64_t *shape, int64_t rank, ct_device device) {
    return ct::make([&] {
        const auto options = at::TensorOptions().dtype(ct::scalar_type(dtype));
        const auto where = ct::device(device);
        if (where.is_cpu()) {
            // Mostly a few numbers, for which the operator that copies tensors takes many times as long.
            at::Tensor made = at::empty(ct::sizes(shape, rank), options);
            if (made.numel() > 0) std::memcpy(made.mutable_data_ptr(), values, made.nbytes());
            return made;
        }
        // A copy to another device waits for the bytes.
        return at::from_blob(const_cast<void *>(values), ct::sizes(shape, rank), options).to(where);
    });
}

ct_tensor *ct_from_memory(
    void *memory, ct_dtype dtype, const int64_t *shape, int64_t rank, void *owner,
    void (*release)(void *owner)) {
    return ct::make([&] {
        return at::from_blob(
            memory, ct::sizes(shape, rank), [owner, release](void *) { release(owner); },
            at::TensorOptions().dtype(ct::scalar_type(dtype)));
    });
}

ct_tensor *ct_full(
    ct_scalar value, const int64_t *shape, int64_t rank, ct_dtype dtype, ct_device device) {
    return ct::make([&] {
        return at::full(ct::sizes(shape, rank), ct::scalar(value), ct::options(dtype, device));
    });
}

ct_tensor *ct_empty(const int64_t *shape, int64_t rank, ct_dtype dtype, ct_device device) {
    return ct::make([&] { return at::empty(ct::sizes(shape, rank), ct::options(dtype, device)); });
}

ct_tensor *ct_zeros_like(const ct_tensor *tensor) {
    return ct::make([&] { return at::zeros_like(tensor->value.detach()); });
}

ct_tensor *ct_empty_like(const ct_tensor *tensor) {
    return ct::make([&] { return at::empty_like(tensor->value.detach()); });
}

ct_tensor *ct_arange(
    ct_scalar start, ct_scalar end, ct_scalar step, ct_dtype dtype, ct_device device) {
    return ct::make([&] {
        return at::arange(
            ct::scalar(start), ct::scalar(end), ct::scalar(step), ct::options(dtype, device));
    });
}

ct_tensor *ct_linspace(
    double start, double end, int64_t steps, ct_dtype dtype, ct_device device) {
    return ct::make([&] { return at::linspace(start, end, steps, ct::options(dtype, device)); });
}

ct_tensor *ct_random(
    ct_distribution distribution, const uint64_t *seed, const int64_t *shape, int64_t rank,
    ct_dtype dtype, ct_device device) {
    return ct::make([&] {
        auto tensor = at::empty(ct::sizes(shape, rank), ct::options(dtype, device));
        const auto generator = seeded(seed, tensor.device());
        return distribution == CT_NORMAL ? tensor.normal_(0, 1, generator)
                                         : tensor.uniform_(0, 1, generator);
    });
}
