#pragma once
#include "include/ctorch.h"

#include <ATen/ATen.h>

#include <atomic>
#include <memory>
#include <utility>

/// What a `ct_tensor` is: one reference to a tensor, and one more in the count of living handles.
struct ct_tensor {
    at::Tensor value;
    /// What a kernel made of this tensor's value and keeps for its next call; the kernel sees to it
    /// that the value is still the one it was made of.
    mutable std::shared_ptr<void> derived;

    explicit ct_tensor(at::Tensor tensor) : value(std::move(tensor)) {
        live.fetch_add(1, std::memory_order_relaxed);
    }
    ~ct_tensor() { live.fetch_sub(1, std::memory_order_relaxed); }
    ct_tensor(const ct_tensor &) = delete;
    ct_tensor &operator=(const ct_tensor &) = delete;

    static std::atomic<int64_t> live;
};

namespace ct {

/// Keeps what the exception in flight says for `ct_error_message`. Call inside a catch block only.
void record_current_exception() noexcept;

/// The only way out of C++: no exception leaves these two.
template <class Body>
ct_tensor *make(Body &&body) noexcept {
    try {
        return new ct_tensor(body());
    } catch (...) {
        record_current_exception();
        return nullptr;
    }
}

template <class Body>
bool perform(Body &&body) noexcept {
    try {
        body();
        return true;
    } catch (...) {
        record_current_exception();
        return false;
    }
}

at::ScalarType scalar_type(ct_dtype dtype);
ct_dtype dtype(at::ScalarType type);
at::Device device(ct_device device);
ct_device device(at::Device device);

inline at::Scalar scalar(ct_scalar value) {
    return value.is_integer ? at::Scalar(value.integer) : at::Scalar(value.real);
}

inline at::IntArrayRef sizes(const int64_t *values, int64_t count) {
    return at::IntArrayRef(values, static_cast<size_t>(count));
}

inline at::TensorOptions options(ct_dtype dtype, ct_device where) {
    return at::TensorOptions().dtype(scalar_type(dtype)).device(device(where));
}

inline std::vector<at::Tensor> list(ct_tensor *const *tensors, int64_t count) {
    std::vector<at::Tensor> values;
    values.reserve(count);
    for (int64_t i = 0; i < count; ++i) values.push_back(tensors[i] ? tensors[i]->value : at::Tensor());
    return values;
}

inline std::optional<at::Tensor> optional(const ct_tensor *tensor) {
    return tensor ? std::optional<at::Tensor>(tensor->value) : std::nullopt;
}

} // namespace ct
