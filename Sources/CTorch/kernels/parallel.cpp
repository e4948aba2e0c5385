#include "parallel.h"

#include "gemm.h"

#include <ATen/Parallel.h>
#include <dlfcn.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace {

using Body = void (*)(void *);

void pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#else
    std::this_thread::yield();
#endif
}

/// Calls `is_done` until it holds or `limit` has passed: at first in a tight loop, then leaving the
/// processor to others between calls.
template <class Condition>
bool wait_awake(std::chrono::microseconds limit, const Condition &is_done) {
    for (int i = 0; i < 512; ++i) {
        if (is_done()) return true;
        pause();
    }
    const auto end = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < end) {
        for (int i = 0; i < 16; ++i) {
            if (is_done()) return true;
            pause();
        }
        std::this_thread::yield();
    }
    return is_done();
}

/// Threads of our own. Unlike an OpenMP team nobody waits for a thread to begin: one that the system
/// does not run just now takes no part, and the caller does its share. So a busy machine slows the
/// work by what it takes away and no more.
class Crew {
public:
    explicit Crew(int threads) : threads_(threads) {}

    int threads() const { return threads_.load(std::memory_order_relaxed); }
    void set_threads(int count) { threads_.store(count < 1 ? 1 : count); }

    void run(Body body, void *data) {
        const int helpers = threads() - 1;
        // This is part of such work: the lock may be this thread's own.
        if (helpers < 1 || is_member) {
            body(data);
            return;
        }
        const std::unique_lock use(in_use_, std::try_to_lock);
        // Another thread's work has the crew.
        if (!use.owns_lock()) {
            body(data);
            return;
        }
        while (static_cast<int>(hired_) < helpers) hire();
        body_ = body;
        data_ = data;
        const uint64_t job = state_.load(std::memory_order_relaxed) / one_job + 1;
        state_.store(job * one_job + open);
        if (asleep_.load() > 0) {
            { const std::lock_guard lock(mutex_); }
            wake_.notify_all();
        }
        is_member = true;
        body(data);
        is_member = false;
        state_.fetch_and(~open);
        const auto is_left = [&] { return state_.load() % open == 0; };
        while (!wait_awake(std::chrono::microseconds(500), is_left)) {
            std::this_thread::sleep_for(std::chrono::microseconds(50));
        }
    }

private:
    // The state is one number: how many helpers are inside, whether more may enter, and which job.
    static constexpr uint64_t open = 1 << 15;
    static constexpr uint64_t one_job = open << 1;

    void hire() {
        const int index = static_cast<int>(hired_++);
        std::thread([this, index] { work(index); }).detach();
    }

    void work(int index) {
        is_member = true;
        uint64_t last = 0;
        while (true) {
            const auto is_new = [&] {
                const uint64_t state = state_.load();
                return (state & open) != 0 && state / one_job != last && index < threads() - 1;
            };
            if (!wait_awake(std::chrono::microseconds(200), is_new)) {
                std::unique_lock lock(mutex_);
                asleep_.fetch_add(1);
                wake_.wait(lock, is_new);
                asleep_.fetch_sub(1);
            }
            uint64_t state = state_.load();
            while ((state & open) != 0 && state / one_job != last) {
                if (!state_.compare_exchange_weak(state, state + 1)) continue;
                last = state / one_job;
                body_(data_);
                state_.fetch_sub(1);
                break;
            }
        }
    }

    std::mutex in_use_;
    std::atomic<int> threads_;
    size_t hired_ = 0;
    Body body_ = nullptr;
    void *data_ = nullptr;
    alignas(64) std::atomic<uint64_t> state_{0};
    alignas(64) std::atomic<int> asleep_{0};
    std::mutex mutex_;
    std::condition_variable wake_;
    static thread_local bool is_member;
};

thread_local bool Crew::is_member = false;

/// Null where libtorch's products do most of the work, and with them its OpenMP threads.
Crew *crew() {
    // Never destroyed: its threads run until the process ends.
    static Crew *const shared =
        ct::gemm_fits_processor() ? new Crew(at::get_num_threads()) : nullptr;
    return shared;
}

} // namespace

namespace ct {

void on_every_thread(Body body, void *data) {
    if (Crew *own = crew()) {
        own->run(body, data);
        return;
    }
    using Parallel = void (*)(Body, void *, unsigned, unsigned);
    static const auto parallel = reinterpret_cast<Parallel>(dlsym(RTLD_DEFAULT, "GOMP_parallel"));
    if (parallel == nullptr || at::get_num_threads() <= 1 || at::in_parallel_region()) {
        body(data);
        return;
    }
    // Zero threads asked for means the pool's own size; another number would make it rebuild itself.
    parallel(body, data, 0, 0);
}

int thread_count() {
    const Crew *own = crew();
    return own ? own->threads() : at::get_num_threads();
}

void set_thread_count(int count) {
    Crew *own = crew();
    if (own) own->set_threads(count);
    // Two crews would take each other's processors.
    at::set_num_threads(own ? 1 : count);
}

} // namespace ct
