#include "guard.h"

#include <cstring>

void ct_free(ct_tensor *tensor) { delete tensor; }
ct_tensor *ct_alias(const ct_tensor *tensor) {
    return ct::make([&] { return tensor->value; });
}
int64_t ct_live_count(void) { return ct_tensor::live.load(std::memory_order_relaxed); }

int64_t ct_rank(const ct_tensor *tensor) { return tensor->value.dim(); }
int64_t ct_element_count(const ct_tensor *tensor) { return tensor->value.numel(); }

void ct_shape(const ct_tensor *tensor, int64_t *sizes) {
    const auto shape = tensor->value.sizes();
    std::memcpy(sizes, shape.data(), shape.size() * sizeof(int64_t));
}

void ct_strides(const ct_tensor *tensor, int64_t *strides) {
    const auto steps = tensor->value.strides();
    std::memcpy(strides, steps.data(), steps.size() * sizeof(int64_t));
}

int64_t ct_size(const ct_tensor *tensor, int64_t axis) { return tensor->value.sizes()[axis]; }
ct_dtype ct_get_dtype(const ct_tensor *tensor) { return ct::dtype(tensor->value.scalar_type()); }
ct_device ct_get_device(const ct_tensor *tensor) { return ct::device(tensor->value.device()); }
bool ct_is_contiguous(const ct_tensor *tensor) { return tensor->value.is_contiguous(); }

void *ct_data(const ct_tensor *tensor) {
    return tensor->value.is_cpu() ? tensor->value.data_ptr() : nullptr;
}

const void *ct_storage(const ct_tensor *tensor) {
    return tensor->value.storage().unsafeGetStorageImpl();
}

bool ct_copy_out(const ct_tensor *tensor, ct_dtype dtype, void *destination) {
    return ct::perform([&] {
        const auto host =
            tensor->value.detach().to(at::kCPU, ct::scalar_type(dtype)).contiguous();
        std::memcpy(destination, host.const_data_ptr(), host.nbytes());
    });
}

bool ct_item_real(const ct_tensor *tensor, double *value) {
    return ct::perform([&] { *value = tensor->value.item().toDouble(); });
}

bool ct_item_integer(const ct_tensor *tensor, int64_t *value) {
    return ct::perform([&] { *value = tensor->value.item().toLong(); });
}

ct_tensor *ct_to_dtype(const ct_tensor *tensor, ct_dtype dtype) {
    return ct::make([&] { return tensor->value.to(ct::scalar_type(dtype)); });
}

ct_tensor *ct_to_device(const ct_tensor *tensor, ct_device device) {
    return ct::make([&] { return tensor->value.to(ct::device(device)); });
}
