#pragma once
#include <algorithm>
#include <atomic>
#include <cstdint>

namespace ct {

/// Calls `body(data)` here and on other threads, and waits for those that began it; each call takes
/// what work is left. Where the products are ours (`gemm.h`) the threads are ours too, and libtorch,
/// left with small work, has one. Elsewhere they are those of libtorch's OpenMP pool, called by name
/// since the compiler that builds this file has no OpenMP: a second pool would compete with its
/// spinning threads. Without either, `body` runs once, here.
void on_every_thread(void (*body)(void *), void *data);

/// How many threads `on_every_thread` uses at most, this one counted.
int thread_count();
void set_thread_count(int count);

/// Calls `body(data, i)` for every i in [0, count), at most `lanes` of them at one time, each on a thread that
/// has its operations to itself: `on_every_thread` gives such a thread helpers only while there are fewer lanes
/// than threads, as towards the end. Without threads of our own one call follows the other. `body` must not throw.
void for_each_in_lanes(int64_t count, int64_t lanes, void (*body)(void *, int64_t), void *data);

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

/// Runs `body(begin, end)` for ranges that together are [0, count), of at most `grain` items each. Each thread
/// has a share of its own, which begins at a multiple of `unit`, takes it in order and then what others
/// have left of theirs: no share is larger than another by more than a unit, however large the
/// grain. For work that reads memory in order, one range where the last ended.
template <class Body>
void for_each_stretch(int64_t count, int64_t unit, int64_t grain, const Body &body) {
    constexpr int64_t most = 32;
    struct alignas(64) Share {
        std::atomic<int64_t> next;
        int64_t end;
    };
    struct Shared {
        std::atomic<int64_t> arrivals;
        int64_t count, grain;
        const Body *body;
        Share shares[most];
    } shared;
    const int64_t units = (count + unit - 1) / unit;
    shared.count = std::min<int64_t>({most, thread_count(), units});
    shared.grain = grain;
    shared.arrivals = 0;
    shared.body = &body;
    for (int64_t i = 0; i < shared.count; ++i) {
        shared.shares[i].next = units * i / shared.count * unit;
        shared.shares[i].end = std::min(units * (i + 1) / shared.count * unit, count);
    }
    auto work = [](void *data) {
        auto *shared = static_cast<Shared *>(data);
        const int64_t own = shared->arrivals.fetch_add(1, std::memory_order_relaxed);
        for (int64_t i = 0; i < shared->count; ++i) {
            Share &share = shared->shares[(own + i) % shared->count];
            while (true) {
                const int64_t begin =
                    share.next.fetch_add(shared->grain, std::memory_order_relaxed);
                if (begin >= share.end) break;
                (*shared->body)(begin, std::min(begin + shared->grain, share.end));
            }
        }
    };
    if (shared.count <= 1) {
        work(&shared);
    } else {
        on_every_thread(work, &shared);
    }
}

/// Runs `body(task)` for every task in [0, count); each thread takes tasks that follow one another.
template <class Body>
void for_each_in_order(int64_t count, const Body &body) {
    for_each_stretch(count, 1, 1, [&](int64_t begin, int64_t) { body(begin); });
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
