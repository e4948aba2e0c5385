#include "parallel.h"

#include <ATen/Parallel.h>
#include <dlfcn.h>

namespace ct {

void on_every_thread(void (*body)(void *), void *data) {
    using Parallel = void (*)(void (*)(void *), void *, unsigned, unsigned);
    static const auto parallel = reinterpret_cast<Parallel>(dlsym(RTLD_DEFAULT, "GOMP_parallel"));
    if (parallel == nullptr || at::get_num_threads() <= 1 || at::in_parallel_region()) {
        body(data);
        return;
    }
    // Zero threads asked for means the pool's own size; another number would make it rebuild itself.
    parallel(body, data, 0, 0);
}

} // namespace ct
