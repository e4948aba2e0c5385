#include "parallel.h"

#include "gemm.h"

#include <ATen/Parallel.h>
#include <ATen/ThreadLocalState.h>
#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
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
    /// How many threads ask for work at one time.
    void set_lanes(int count) { lanes_.store(count); }
    void leave_lane() { lanes_.fetch_sub(1); }
    /// Threads that work for others.
    int helpers() const { return std::max(threads() - lanes_.load(std::memory_order_relaxed), 0); }

    void run(Body body, void *data) {
        const int helpers = this->helpers();
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
                return (state & open) != 0 && state / one_job != last && index < helpers();
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
    std::atomic<int> lanes_{1};
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

/// Threads for work that has its operations to itself. They are not the crew's: a lane calls the crew
/// when others have ended. Kept, because what kernels keep for a thread would have to grow anew.
class Lanes {
public:
    using Task = void (*)(void *, int64_t);

    void run(Crew &crew, int64_t count, int64_t lanes, Task task, void *data) {
        lanes = std::min({lanes, count, static_cast<int64_t>(crew.threads())});
        // Of a lane's own calls one follows the other: the lock may be this thread's.
        if (lanes <= 1 || is_lane) return go_on_alone(count, task, data);
        const std::unique_lock use(in_use_, std::try_to_lock);
        if (!use.owns_lock()) return go_on_alone(count, task, data);
        Work work{task, data, count, {0}, at::ThreadLocalState()};
        while (hired_ < lanes - 1 && hire()) continue;
        lanes = std::min(lanes, hired_ + 1);
        crew.set_lanes(static_cast<int>(lanes));
        {
            const std::lock_guard lock(mutex_);
            work_ = &work;
            wanted_ = left_ = lanes - 1;
        }
        changed_.notify_all();
        go_through(work, crew);
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return left_ == 0; });
        work_ = nullptr;
        crew.set_lanes(1);
    }

    static Lanes &shared() {
        // Never destroyed: its threads run until the process ends.
        static Lanes *const made = new Lanes;
        return *made;
    }

private:
    struct Work {
        Task task;
        void *data;
        int64_t count;
        std::atomic<int64_t> next;
        /// Whether gradients are recorded, and what else belongs to a thread.
        at::ThreadLocalState state;
    };

    static void go_on_alone(int64_t count, Task task, void *data) {
        for (int64_t i = 0; i < count; ++i) task(data, i);
    }

    static void go_through(Work &work, Crew &crew) {
        is_lane = true;
        while (true) {
            const int64_t i = work.next.fetch_add(1);
            if (i >= work.count) break;
            work.task(work.data, i);
        }
        is_lane = false;
        crew.leave_lane();
    }

    /// False where the system gives no more threads.
    bool hire();

    std::mutex in_use_, mutex_;
    std::condition_variable changed_;
    int64_t hired_ = 0;
    Work *work_ = nullptr;
    /// Lanes that nobody has taken yet, and those that have not ended.
    int64_t wanted_ = 0, left_ = 0;
    static thread_local bool is_lane;
};

thread_local bool Lanes::is_lane = false;

/// Null where libtorch's products do most of the work, and with them its OpenMP threads.
Crew *crew() {
    // Never destroyed: its threads run until the process ends.
    static Crew *const shared =
        ct::gemm_fits_processor() ? new Crew(at::get_num_threads()) : nullptr;
    return shared;
}

bool Lanes::hire() {
    const auto live = [this] {
        std::unique_lock lock(mutex_);
        while (true) {
            changed_.wait(lock, [&] { return wanted_ > 0; });
            --wanted_;
            Work &work = *work_;
            lock.unlock();
            {
                const at::ThreadLocalStateGuard guard(work.state);
                go_through(work, *crew());
            }
            lock.lock();
            if (--left_ == 0) changed_.notify_all();
        }
    };
    try {
        std::thread(live).detach();
    } catch (const std::system_error &) {
        return false;
    }
    ++hired_;
    return true;
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
    return own ? own->helpers() + 1 : at::get_num_threads();
}

void for_each_in_lanes(int64_t count, int64_t lanes, void (*body)(void *, int64_t), void *data) {
    if (Crew *own = crew()) {
        Lanes::shared().run(*own, count, lanes, body, data);
        return;
    }
    for (int64_t i = 0; i < count; ++i) body(data, i);
}

void set_thread_count(int count) {
    Crew *own = crew();
    if (own) own->set_threads(count);
    // Two crews would take each other's processors.
    at::set_num_threads(own ? 1 : count);
}

} // namespace ct
