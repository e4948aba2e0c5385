import CTorch
import Foundation

/// The version of the libtorch this was built against, such as "2.13.0".
public var libtorchVersion: String { String(cString: ct_version()) }

/// The instruction set of libtorch's own CPU kernels, such as "AVX512".
public var cpuCapability: String { String(cString: ct_cpu_capability()) }

/// What a CPU may have that decides how fast matrices are multiplied.
public enum CPUFeature: String, Hashable, Sendable, CaseIterable {
    case avx2 = "AVX2"
    case avx512 = "AVX-512"
    case avx512BF16 = "AVX-512 bf16"
    case amxBF16 = "AMX bf16"

    /// Whether this CPU has it; always false on other architectures than x86-64.
    public var isPresent: Bool {
        switch self {
        case .avx2: ct_cpu_has(CT_CPU_AVX2)
        case .avx512: ct_cpu_has(CT_CPU_AVX512)
        case .avx512BF16: ct_cpu_has(CT_CPU_AVX512_BF16)
        case .amxBF16: ct_cpu_has(CT_CPU_AMX_BF16)
        }
    }
}

/// The threads that one operation may use.
public var threadCount: Int { Int(ct_thread_count()) }

/// Sets ``threadCount`` for this thread and all that have not computed yet. Call it first on the
/// thread that owns the tensors.
public func setThreadCount(_ count: Int) throws(TorchError) {
    try check(ct_set_thread_count(Int32(clamping: count)), "setThreadCount", [])
}

/// Seeds every device's generator.
public func manualSeed(_ seed: UInt64) throws(TorchError) {
    try check(ct_manual_seed(seed), "manualSeed", [])
}

/// Whether f32 products on CUDA are computed in f32 and not in the shorter TF32.
public func setExactFloat32(_ isExact: Bool) throws(TorchError) {
    try check(ct_set_exact_float32(isExact), "setExactFloat32", [])
}

/// Waits until `device` has done all work given to it.
public func synchronize(_ device: Device) throws(TorchError) {
    try check(ct_synchronize(device.code), "synchronize", [])
}

/// Memory figures in bytes.
public enum MemoryFigures {
    /// The most host memory this process has held at one time; nil where the system tells nothing.
    public static var peakResidentBytes: Int? { status("VmHWM:") }

    /// The host memory this process holds now, mapped files included.
    public static var residentBytes: Int? { status("VmRSS:") }

    /// Host memory of this machine that could be had without swapping, within what its container may take.
    public static var availableBytes: Int? {
        line("MemAvailable:", of: "/proc/meminfo")
            .map { min($0, max(totalBytes - (residentBytes ?? 0), 0)) }
    }

    /// Host memory of this machine, or what its container may take of it where that is less.
    public static var totalBytes: Int {
        totalBytes(limitFiles: [
            "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        ])
    }

    /// `limitFiles` hold a number of bytes each, or a word where there is no limit.
    static func totalBytes(limitFiles: [String]) -> Int {
        let limits = limitFiles.compactMap { path in
            (try? String(contentsOfFile: path, encoding: .utf8))
                .flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        }
        return limits.reduce(Int(ProcessInfo.processInfo.physicalMemory), min)
    }

    /// Bytes that tensors hold on a GPU now, and the most they have held since
    /// ``resetPeak(of:)``; nil for the CPU.
    public static func accelerator(
        _ device: Device
    ) throws(TorchError) -> (allocated: Int, peak: Int)? {
        guard device != .cpu else { return nil }
        var allocated: Int64 = 0
        var peak: Int64 = 0
        try check(ct_accelerator_memory(device.code, &allocated, &peak), "memory", [])
        return (Int(allocated), Int(peak))
    }

    public static func resetPeak(of device: Device) throws(TorchError) {
        guard device != .cpu else { return }
        try check(ct_reset_accelerator_peak(device.code), "resetPeak", [])
    }

    /// Gives freed memory back: the GPU's cache, or the host allocator's free lists.
    public static func releaseCached(_ device: Device) throws(TorchError) {
        if device == .cpu { ct_trim_host_memory() }
        try check(ct_empty_cache(device.code), "releaseCached", [])
    }

    private static func status(_ key: String) -> Int? { line(key, of: "/proc/self/status") }

    /// The figure, given in kB, on the line of `path` that starts with `key`.
    private static func line(_ key: String, of path: String) -> Int? {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        for line in text.split(separator: "\n") where line.hasPrefix(key) {
            let digits = line.dropFirst(key.count).filter(\.isNumber)
            return Int(digits).map { $0 * 1024 }
        }
        return nil
    }
}
