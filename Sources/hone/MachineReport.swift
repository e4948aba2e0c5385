import Foundation
import HoneCore
import OrderedCollections
import Torch

/// One line of `hone doctor`.
struct Finding: Hashable, Sendable {
    enum State: String, Sendable {
        case ok, note, missing

        /// A mark that reads the same without colours.
        var mark: String {
            switch self {
            case .ok: "✓"
            case .note: "·"
            case .missing: "✗"
            }
        }
    }

    var subject: String
    var state: State
    var value: String
    /// What to do about it, when there is something to do.
    var remedy: String?

    init(_ subject: String, _ state: State, _ value: String, remedy: String? = nil) {
        self.subject = subject
        self.state = state
        self.value = value
        self.remedy = remedy
    }

    var json: JSONValue {
        .object([
            "subject": .string(subject), "state": .string(state.rawValue), "value": .string(value),
            "remedy": remedy.map(JSONValue.string) ?? .null,
        ])
    }
}

/// What a machine has that matters to training.
enum MachineReport {
    static func gather() -> [Finding] {
        [
            Finding("hone", .ok, "\(HoneVersion.current), built with \(compiler)"),
            Finding("system", .ok, ProcessInfo.processInfo.operatingSystemVersionString),
            Finding("libtorch", .ok, "\(libtorchVersion), CPU kernels for \(cpuCapability)"),
            processor(), arithmetic(), accelerator(), memory(), disk(), python(), sandbox(),
            willUse(),
        ]
    }

    private static var compiler: String {
        #if compiler(>=6.4)
            "Swift 6.4 or newer"
        #elseif compiler(>=6.3)
            "Swift 6.3"
        #else
            "Swift 6.2"
        #endif
    }

    private static func processor() -> Finding {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let model = processorModel().map { "\($0), " } ?? ""
        return Finding(
            "processor", .ok,
            "\(model)\(cores) logical cores, \(threadCount) threads for an operation")
    }

    private static func processorModel() -> String? {
        guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else {
            return nil
        }
        let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
        return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
    }

    /// The instructions that decide how fast matrices are multiplied.
    private static func arithmetic() -> Finding {
        let present = CPUFeature.allCases.filter(\.isPresent)
        let names =
            present.isEmpty ? "none known" : present.map(\.rawValue).joined(separator: ", ")
        guard CPUFeature.avx512BF16.isPresent || CPUFeature.amxBF16.isPresent else {
            return Finding(
                "instructions", .note, "\(names): bf16 is not faster than f32 here, so f32 is used")
        }
        guard CPUFeature.amxBF16.isPresent else {
            return Finding(
                "instructions", .note, "\(names): bf16 is fast; with AMX it would be faster still")
        }
        return Finding("instructions", .ok, "\(names): bf16 is fast")
    }

    private static func accelerator() -> Finding {
        if isCUDAAvailable {
            return Finding("GPU", .ok, "\(cudaDeviceCount) visible to CUDA")
        }
        if isMPSAvailable {
            return Finding("GPU", .ok, "Apple GPU through Metal")
        }
        if FileManager.default.fileExists(atPath: "/dev/nvidia0") {
            return Finding(
                "GPU", .note, "an NVIDIA device is here, but this libtorch is built without CUDA",
                remedy: "set TORCH_HOME to a CUDA build of libtorch 2.11 to 2.15 and build again")
        }
        return Finding("GPU", .note, "none; the processor does the work")
    }

    private static func memory() -> Finding {
        let total = gigabytes(MemoryFigures.totalBytes)
        guard let available = MemoryFigures.availableBytes else {
            return Finding("memory", .ok, "\(total) GB")
        }
        let text = "\(total) GB, \(gigabytes(available)) GB of it available"
        // A 0.5 B model in bf16 with its optimiser and cache takes about 4 GB.
        guard available >= 4 << 30 else {
            return Finding(
                "memory", .note, text,
                remedy:
                    "enough for models up to about 0.1 B parameters; close other programs for more")
        }
        return Finding("memory", .ok, text)
    }

    private static func disk() -> Finding {
        let folder = FileManager.default.currentDirectoryPath
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: folder)
        guard let free = (attributes?[.systemFreeSize] as? NSNumber)?.intValue else {
            return Finding("disk", .note, "free space of \(folder) is unknown")
        }
        let text = "\(gigabytes(free)) GB free in \(folder)"
        guard free >= 1 << 30 else {
            return Finding(
                "disk", .note, text, remedy: "give --output a folder on a disk with more space")
        }
        return Finding("disk", .ok, text)
    }

    private static func python() -> Finding {
        let environment = ".deps/venv/bin/python"
        if FileManager.default.isExecutableFile(atPath: environment) {
            return Finding("Python", .ok, "\(environment), for Python reward functions")
        }
        if let path = executable("python3") {
            return Finding("Python", .ok, "\(path), for Python reward functions")
        }
        return Finding(
            "Python", .note, "none: Python reward functions cannot run",
            remedy: "install Python 3.10 or newer if a recipe needs them")
    }

    private static func sandbox() -> Finding {
        if let path = executable("bwrap") {
            return Finding(
                "sandbox", .ok, "\(path) keeps Python reward functions from network and files")
        }
        return Finding(
            "sandbox", .note, "no bubblewrap: Python reward functions run with your own rights",
            remedy: "install bubblewrap (Debian, Ubuntu: apt-get install bubblewrap)")
    }

    private static func willUse() -> Finding {
        let device = Device.preferred
        let isFast =
            device != .cpu || CPUFeature.avx512BF16.isPresent || CPUFeature.amxBF16.isPresent
        return Finding(
            "will use", .ok, "\(device) in \(isFast ? "bf16" : "f32") (device: auto, dtype: auto)")
    }

    /// The first program of that name on the PATH.
    private static func executable(_ name: String) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        return path.split(separator: ":").map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    private static func gigabytes(_ bytes: Int) -> String {
        String(format: "%.1f", Double(bytes) / Double(1 << 30))
    }
}
