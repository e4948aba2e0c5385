#include "guard.h"

#include <new>
#include <string>

std::atomic<int64_t> ct_tensor::live{0};

namespace {
thread_local std::string message;
thread_local ct_error_kind kind = CT_ERROR_OPERATION;

void keep(ct_error_kind why, const char *text) noexcept {
    kind = why;
    try {
        message.assign(text);
    } catch (...) {
        message.clear();
    }
}

bool is_allocation_failure(const std::string &text) {
    return text.find("not enough memory") != std::string::npos
        || text.find("can't allocate memory") != std::string::npos
        || text.find("out of memory") != std::string::npos;
}
} // namespace

namespace ct {

void record_current_exception() noexcept {
    try {
        throw;
    } catch (const c10::OutOfMemoryError &error) {
        keep(CT_ERROR_OUT_OF_MEMORY, error.what_without_backtrace());
    } catch (const c10::Error &error) {
        // The CPU allocator reports exhaustion as an ordinary error.
        keep(
            is_allocation_failure(error.what_without_backtrace()) ? CT_ERROR_OUT_OF_MEMORY
                                                                  : CT_ERROR_OPERATION,
            error.what_without_backtrace());
    } catch (const std::bad_alloc &) {
        keep(CT_ERROR_OUT_OF_MEMORY, "the host has no memory left for this operation");
    } catch (const std::exception &error) {
        keep(CT_ERROR_OPERATION, error.what());
    } catch (...) {
        keep(CT_ERROR_OPERATION, "an exception of unknown type");
    }
}

at::ScalarType scalar_type(ct_dtype dtype) {
    switch (dtype) {
        case CT_FLOAT32: return at::kFloat;
        case CT_BFLOAT16: return at::kBFloat16;
        case CT_FLOAT16: return at::kHalf;
        case CT_FLOAT64: return at::kDouble;
        case CT_INT64: return at::kLong;
        case CT_INT32: return at::kInt;
        case CT_INT16: return at::kShort;
        case CT_INT8: return at::kChar;
        case CT_UINT8: return at::kByte;
        case CT_BOOL: return at::kBool;
        default: TORCH_CHECK(false, "no such dtype code: ", static_cast<int>(dtype));
    }
}

ct_dtype dtype(at::ScalarType type) {
    switch (type) {
        case at::kFloat: return CT_FLOAT32;
        case at::kBFloat16: return CT_BFLOAT16;
        case at::kHalf: return CT_FLOAT16;
        case at::kDouble: return CT_FLOAT64;
        case at::kLong: return CT_INT64;
        case at::kInt: return CT_INT32;
        case at::kShort: return CT_INT16;
        case at::kChar: return CT_INT8;
        case at::kByte: return CT_UINT8;
        case at::kBool: return CT_BOOL;
        default: return CT_OTHER;
    }
}

at::Device device(ct_device where) {
    switch (where.kind) {
        case CT_CPU: return at::Device(at::kCPU);
        case CT_CUDA: return at::Device(at::kCUDA, static_cast<at::DeviceIndex>(where.index));
        case CT_MPS: return at::Device(at::kMPS, 0);
        default: TORCH_CHECK(false, "no such device code: ", static_cast<int>(where.kind));
    }
}

ct_device device(at::Device where) {
    if (where.is_cuda()) return {CT_CUDA, where.has_index() ? where.index() : 0};
    if (where.is_mps()) return {CT_MPS, 0};
    return {CT_CPU, 0};
}

} // namespace ct

const char *ct_error_message(void) { return message.c_str(); }
ct_error_kind ct_last_error_kind(void) { return kind; }
