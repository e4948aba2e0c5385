#include "guard.h"

#include <c10/core/impl/VirtualGuardImpl.h>

// Named by device rather than by CUDA, so that this file needs no header of the CUDA toolkit.
#if __has_include(<ATen/core/GraphImplInterface.h>)
#include <ATen/core/GraphImplInterface.h>
#define CT_GRAPHS 1
#endif

#ifdef CT_GRAPHS

struct ct_graph {
    std::unique_ptr<at::GraphImplInterface> recorded;
};

namespace {

/// Work of this thread goes to a stream of its own until the end of the scope: the default one cannot
/// be recorded.
struct OwnStream {
    const c10::impl::VirtualGuardImpl device;
    const c10::Stream before;

    explicit OwnStream(at::Device where)
        : device(where.type()),
          before(device.exchangeStream(device.getStreamFromGlobalPool(where))) {}
    ~OwnStream() { device.exchangeStream(before); }
};

} // namespace

bool ct_graph_supported(ct_device device) {
    bool is_supported = false;
    ct::perform([&] { is_supported = at::has_graph_impl(ct::device(device).type()); });
    return is_supported;
}

ct_graph *ct_graph_record(ct_device device, bool (*body)(void *context), void *context) {
    auto graph = std::make_unique<ct_graph>();
    const bool succeeded = ct::perform([&] {
        const at::Device where = ct::device(device);
        TORCH_CHECK(at::has_graph_impl(where.type()), "work of ", where, " cannot be recorded");
        const c10::impl::VirtualGuardImpl guard(where.type());
        graph->recorded = at::create_graph_impl(where.type());
        guard.synchronizeDevice(where.index());
        const OwnStream stream(where);
        graph->recorded->capture_begin({0, 0}, at::GraphCaptureMode::ThreadLocal);
        const bool is_whole = body(context);
        try {
            graph->recorded->capture_end();
        } catch (...) {
            // What `body` could not do is the cause, and told by the caller.
            if (is_whole) throw;
        }
        TORCH_CHECK(is_whole, "what was to be recorded failed");
    });
    if (!succeeded) {
        TORCH_WARN("work of the GPU could not be recorded and is given to it piece by piece: ", ct_error_message());
    }
    return succeeded ? graph.release() : nullptr;
}

bool ct_graph_replay(ct_graph *graph) {
    return ct::perform([&] { graph->recorded->replay(); });
}

#else

struct ct_graph {};

bool ct_graph_supported(ct_device) { return false; }

ct_graph *ct_graph_record(ct_device, bool (*)(void *context), void *) {
    ct::perform([] { TORCH_CHECK(false, "this libtorch cannot record a device's work"); });
    return nullptr;
}

bool ct_graph_replay(ct_graph *) { return false; }

#endif

void ct_graph_free(ct_graph *graph) { delete graph; }
