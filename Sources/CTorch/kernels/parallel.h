#pragma once
#include <atomic>
#include <cstdint>

namespace ct {

/// Calls `body(data)` on each thread of libtorch's own OpenMP pool and waits for all. A second pool
/// would compete with the spinning threads of the first, and the compiler that builds this file has no
/// OpenMP, so the runtime that libtorch has loaded is called by name. Without one, `body` runs once,
/// here.
void on_every_thread(void (*body)(void *), void *data);

/// Runs `body(task)` for every task in [0, count), spread over the threads. Which thread takes which
/// task is left to chance: tasks must write to places of their own. `body` must not throw.
template <class Body>
void for_each_task(int64_t count, const Body &body) {
    struct Shared {
        std::atomic<int64_t> next;
        int64_t count;
        const Body *body;
    } shared{{0}, count, &body};
    auto work = [](void *data) {
        auto *shared = static_cast<Shared *>(data);
        while (true) {
            const int64_t task = shared->next.fetch_add(1, std::memory_order_relaxed);
            if (task >= shared->count) return;
            (*shared->body)(task);
        }
    };
    if (count <= 1) {
        work(&shared);
    } else {
        on_every_thread(work, &shared);
    }
}

/// Runs `body(begin, end)` for ranges that together are [0, count), each of `grain` items but the
/// last, spread over the threads. `body` must not throw.
template <class Body>
void for_each_range(int64_t count, int64_t grain, const Body &body) {
    for_each_task((count + grain - 1) / grain, [&](int64_t task) {
        const int64_t begin = task * grain;
        body(begin, begin + grain < count ? begin + grain : count);
    });
}

} // namespace ct
