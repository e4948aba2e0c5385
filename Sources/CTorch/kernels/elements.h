#pragma once
#include <ATen/core/Tensor.h>

namespace ct {

/// The elements of `x` for reading. In place of `const_data_ptr<T>()`: in libtorch 2.11 that is a
/// template whose symbol gcc, which built the library, and clang, which builds this, write differently.
template <class T>
const T *elements(const at::Tensor &x) {
    constexpr at::ScalarType type = c10::CppTypeToScalarType<T>::value;
    TORCH_INTERNAL_ASSERT(x.scalar_type() == type, "elements of ", type, ", not of ", x.scalar_type());
    return static_cast<const T *>(x.const_data_ptr());
}

/// Whether `x` is one dense piece of the host's memory, of this type.
inline bool is_plain_host(const at::Tensor &x, at::ScalarType type) {
    return x.is_cpu() && x.is_contiguous() && x.scalar_type() == type;
}

} // namespace ct
