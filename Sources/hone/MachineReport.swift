import Foundation
import HoneCore
import HoneRewards
import HoneTraining
import OrderedCollections
import Torch

/// One line of `hone doctor`.
struct Finding: Hashable, Sendable {
    enum State: String, Sendable {
        case ok
        /// Everything works, but something is slower or left out.
        case note
        /// A recipe that needs it cannot run.
        case missing

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
            processor(), arithmetic(), products(), accelerator(), memory(), disk(), python(),
            columns(), sandbox(), datasets(), willUse(),
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

    /// Who multiplies matrices on the processor.
    private static func products() -> Finding {
        let subject = "products"
        switch Kernels.productBackend {
        case .ours:
            return Finding(subject, .ok, "Hone's own matrix products, which agree with plain loops")
        case .libtorchWithoutBF16:
            return Finding(
                subject, .note, "libtorch's: Hone's own need AVX-512 bf16, which is not here")
        case .libtorchWithAMX:
            return Finding(subject, .ok, "libtorch's, which uses AMX as Hone's own do not")
        case .libtorchNotAMD:
            return Finding(
                subject, .note, "libtorch's: Hone's own are for AMD processors (Zen 4 and later)")
        case .libtorchForbidden:
            return Finding(
                subject, .note, "libtorch's: HONE_INSTRUCTION_SET forbids Hone's own",
                remedy: "unset it, unless you want to compare")
        case .libtorchAfterFailure:
            return Finding(
                subject, .note, "libtorch's: Hone's own came out wrong on this processor",
                remedy: "results are right, but slow; please report the processor's name")
        }
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
                "disk", .missing, text + ", too little for a run's checkpoints",
                remedy: "give --output a folder on a disk with more space")
        }
        return Finding("disk", .ok, text)
    }

    /// The interpreter that reward functions and Parquet files get unless a recipe names another.
    private static var interpreter: String? { try? PythonInterpreter.locate(declared: nil) }

    private static func python() -> Finding {
        guard let interpreter else {
            return Finding(
                "Python", .missing, "none: Python reward functions cannot run",
                remedy: "install Python 3.10 or newer, or let HONE_PYTHON name one")
        }
        let version = answer(
            of: [interpreter, "-c", "import platform; print(platform.python_version())"])
        guard version.succeeded else {
            return Finding(
                "Python", .missing, "\(interpreter) does not run: \(version.text)",
                remedy: "install Python 3.10 or newer, or let HONE_PYTHON name one")
        }
        return Finding(
            "Python", .ok, "\(version.text) (\(interpreter)), for Python reward functions")
    }

    /// Whether Parquet and Arrow can be read.
    private static func columns() -> Finding {
        let subject = "pyarrow"
        guard let interpreter else {
            return Finding(
                subject, .missing, "no Python: Parquet and Arrow files cannot be read",
                remedy: "install Python 3.10 or newer, then run Tools/setup")
        }
        let found = answer(
            of: [interpreter, "-c", "import pyarrow; print(pyarrow.__version__)"])
        guard found.succeeded else {
            return Finding(
                subject, .missing,
                "\(interpreter) has none: Parquet and Arrow files cannot be read",
                remedy: "run Tools/setup, or: \(interpreter) -m pip install pyarrow")
        }
        return Finding(subject, .ok, "\(found.text) reads Parquet and Arrow files")
    }

    /// Whether bubblewrap is there, and may make what it needs.
    private static func sandbox() -> Finding {
        guard let path = WorkerSandbox.installed() else {
            return Finding(
                "sandbox", .note, "no bubblewrap: Python reward functions run with your own rights",
                remedy: "install bubblewrap (Debian, Ubuntu: apt-get install bubblewrap)")
        }
        let trial = answer(of: [path, "--unshare-all", "--ro-bind", "/", "/", "true"])
        guard trial.succeeded else {
            return Finding(
                "sandbox", .note,
                "\(path) does not work here (\(trial.text)): Python reward functions run with your own "
                    + "rights",
                remedy: "allow user namespaces (kernel.unprivileged_userns_clone, AppArmor)")
        }
        return Finding(
            "sandbox", .ok, "\(path) keeps Python reward functions from network and files")
    }

    /// Converted datasets, which take disk and may be deleted.
    private static func datasets() -> Finding {
        let cache = DatasetCache()
        let (files, bytes) = cache.contents
        let days = Int(DatasetCache.longestRest / 86_400)
        return Finding(
            "datasets", .ok,
            files == 0
                ? "none converted from Parquet or Arrow"
                : "\(files) converted, \(gigabytes(bytes)) GB in \(cache.folder.path); deleted after "
                    + "\(days) days without use, or by you at any time")
    }

    private static func willUse() -> Finding {
        let device = Device.preferred
        let isFast =
            device != .cpu || CPUFeature.avx512BF16.isPresent || CPUFeature.amxBF16.isPresent
        return Finding(
            "will use", .ok, "\(device) in \(isFast ? "bf16" : "f32") (device: auto, dtype: auto)")
    }

    /// What a program says: the last line of its output where it succeeds, of its complaints where not.
    private static func answer(of command: [String]) -> (succeeded: Bool, text: String) {
        let process = Process()
        process.executableURL = URL(filePath: command[0])
        process.arguments = Array(command.dropFirst())
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        do { try process.run() } catch { return (false, "\(error)") }
        let said = try? output.fileHandleForReading.readToEnd()
        let complaint = try? errors.fileHandleForReading.readToEnd()
        process.waitUntilExit()
        let succeeded = process.terminationReason == .exit && process.terminationStatus == 0
        let text = String(decoding: (succeeded ? said : complaint) ?? Data(), as: UTF8.self)
        return (succeeded, text.split(separator: "\n").last.map(String.init) ?? "no word")
    }

    private static func gigabytes(_ bytes: Int) -> String {
        String(format: "%.1f", Double(bytes) / Double(1 << 30))
    }
}
