// Memory of tensors on the host. A training step takes and gives back the same sizes again and again;
// from the system each time, its pages would be cleared and mapped again each time, which costs as
// much as a fifth of the step. So freed blocks are kept for the next taker of their size, and large
// ones come in huge pages, which also spares the translation of addresses.
#include "host_memory.h"

#include "guard.h"

#include <c10/core/CPUAllocator.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <unordered_map>

#ifdef __linux__
#include <malloc.h>
#include <sys/mman.h>
#endif

namespace {

constexpr size_t line = 64;
/// Smaller blocks are the C library's.
constexpr size_t smallest_kept = 32 << 10;
/// Larger ones go back to the system: they are few, live long, or are mostly never touched.
constexpr size_t largest_kept = 96 << 20;
constexpr size_t huge_page = 2 << 20;
/// What may be kept although the work never needed as much at one time.
constexpr size_t spare = 64 << 20;

/// To one of eight sizes between a power of two and the next, so that similar sizes share blocks.
size_t rounded(size_t bytes) {
    const size_t step = std::max<size_t>(4096, std::bit_floor(bytes) / 8);
    return (bytes + step - 1) / step * step;
}

#ifdef __linux__
void *from_system(size_t bytes) {
    const bool is_huge = bytes >= huge_page;
    const size_t extra = is_huge ? huge_page : 0;
    void *start = mmap(
        nullptr, bytes + extra, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) return nullptr;
    if (!is_huge) return start;
    const auto address = reinterpret_cast<uintptr_t>(start);
    const auto aligned = (address + huge_page - 1) / huge_page * huge_page;
    if (aligned > address) munmap(start, aligned - address);
    const size_t tail = extra - (aligned - address);
    if (tail > 0) munmap(reinterpret_cast<void *>(aligned + bytes), tail);
    // What is mostly never touched must not be touched in huge pages.
    if (bytes <= largest_kept) madvise(reinterpret_cast<void *>(aligned), bytes, MADV_HUGEPAGE);
    return reinterpret_cast<void *>(aligned);
}

void to_system(void *block, size_t bytes) { munmap(block, bytes); }
#else
void *from_system(size_t bytes) {
    void *block = nullptr;
    return posix_memalign(&block, 4096, bytes) == 0 ? block : nullptr;
}

void to_system(void *block, size_t) { free(block); }
#endif

/// The blocks above `smallest_kept`: who has which, and which are free.
class Blocks {
public:
    void *take(size_t wanted) {
        const size_t bytes = rounded(wanted);
        const std::lock_guard lock(mutex_);
        auto found = free_.lower_bound(bytes);
        if (bytes <= largest_kept && found != free_.end() && found->first <= bytes + bytes / 4) {
            // Of equals the one given back last: its content may still be in a cache.
            found = std::prev(free_.upper_bound(found->first));
            void *block = found->second;
            kept_ -= found->first;
            own(block, found->first);
            free_.erase(found);
            return block;
        }
        // Phases that need other sizes must not pile up what each of them left.
        if (bytes <= largest_kept) {
            const size_t most = std::max(peak_ + peak_ / 4 + spare, live_ + bytes);
            while (kept_ > 0 && live_ + kept_ + bytes > most) drop(std::prev(free_.end()));
        }
        void *block = from_system(bytes);
        if (block == nullptr && kept_ > 0) {
            drop_all();
            block = from_system(bytes);
        }
        if (block != nullptr) own(block, bytes);
        return block;
    }

    /// False where the block is none of these.
    bool give(void *block) {
        const std::lock_guard lock(mutex_);
        const auto found = sizes_.find(block);
        if (found == sizes_.end()) return false;
        const size_t bytes = found->second;
        sizes_.erase(found);
        if (bytes > largest_kept) {
            to_system(block, bytes);
            return true;
        }
        live_ -= bytes;
        kept_ += bytes;
        free_.emplace(bytes, block);
        return true;
    }

    void release() {
        const std::lock_guard lock(mutex_);
        drop_all();
    }

private:
    using Free = std::multimap<size_t, void *>;

    void own(void *block, size_t bytes) {
        sizes_.emplace(block, bytes);
        if (bytes > largest_kept) return;
        live_ += bytes;
        peak_ = std::max(peak_, live_);
    }

    void drop(Free::iterator entry) {
        to_system(entry->second, entry->first);
        kept_ -= entry->first;
        free_.erase(entry);
    }

    void drop_all() {
        while (!free_.empty()) drop(free_.begin());
    }

    std::mutex mutex_;
    Free free_;
    std::unordered_map<void *, size_t> sizes_;
    size_t live_ = 0, kept_ = 0, peak_ = 0;
};

/// Never destroyed: tensors may outlive every static.
Blocks &blocks() {
    static Blocks *const shared = new Blocks;
    return *shared;
}

/// libtorch wants one function for all. Blocks of ours begin with a page; few small ones do.
void give(void *block) {
    const bool may_be_ours = reinterpret_cast<uintptr_t>(block) % 4096 == 0;
    if (!may_be_ours || !blocks().give(block)) free(block);
}

struct HostAllocator final : c10::Allocator {
    c10::DataPtr allocate(size_t bytes) override {
        const c10::Device host(c10::DeviceType::CPU);
        if (bytes == 0) return {nullptr, nullptr, give, host};
        void *block = nullptr;
        if (bytes >= smallest_kept) {
            block = blocks().take(bytes);
        } else if (posix_memalign(&block, line, bytes) != 0) {
            block = nullptr;
        }
        TORCH_CHECK_WITH(
            OutOfMemoryError, block != nullptr, "not enough host memory for ", bytes, " bytes");
        return {block, block, give, host};
    }

    c10::DeleterFnPtr raw_deleter() const override { return give; }

    void copy_data(void *to, const void *from, size_t bytes) const override {
        default_copy_data(to, from, bytes);
    }
};

} // namespace

namespace ct {

void keep_host_memory() { c10::SetCPUAllocator(new HostAllocator, 1); }

} // namespace ct

void ct_trim_host_memory(void) {
    blocks().release();
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
