public import Foundation
import HoneCore
public import HoneModels
import HoneText
public import Torch

/// Writes a trained policy out, loads what was written, and keeps it only where it is the same policy.
public struct ModelExport {
    /// What is written.
    public enum Form: Sendable, Hashable {
        /// A model folder in Hugging Face layout, adapter merged in, with weights of that type.
        case merged(DType)
        /// The adapter alone, in PEFT's format.
        case adapter
        /// One file for llama.cpp, adapter merged in.
        case gguf(GGUFEncoding)
    }

    public let form: Form
    /// How the base under the adapter is kept while the policy is loaded; as it was in training.
    public let quantization: BaseQuantization

    public init(_ form: Form, quantization: BaseQuantization = .none) {
        self.form = form
        self.quantization = quantization
    }

    /// How the log-probabilities of the export differ from the policy's, nats.
    public struct Report: Sendable, Hashable {
        public var tokens: Int
        public var meanDifference: Double
        public var largestDifference: Double
        /// What the mean may be.
        public var tolerance: Double
    }

    /// Mean difference of log-probabilities in nats that rounding explains: to the export's type, plus
    /// 0.02 where the models compute in half precision.
    public func tolerance(computing dtype: DType) -> Double {
        let written =
            switch form {
            case .merged(.float32), .adapter: 1e-4
            case .merged(.float16), .gguf(.f16): 0.005
            case .merged: 0.05
            case .gguf(.q8_0): 0.03
            }
        return written + (dtype == .float32 ? 0 : 0.02)
    }

    /// Writes `policy` to `destination`, which must not exist.
    ///
    /// Everything is written under a passing name beside it and renamed when the check has passed.
    /// - Throws: ``ExportError``; `ModelError` or `GGUFError` where the policy cannot be written so.
    public func write(_ policy: LanguageModel, to destination: URL) throws -> Report {
        let files = FileManager.default
        guard !files.fileExists(atPath: destination.path) else {
            throw ExportError.exists(path: destination.path)
        }
        let probe = try ExportProbe(policy.text, policy.model.config)
        let expected = try probe.score(policy.model)
        let parent = destination.deletingLastPathComponent()
        try files.createDirectory(at: parent, withIntermediateDirectories: true)
        let staged = parent.appending(
            path:
                ".\(destination.lastPathComponent).partial-\(ProcessInfo.processInfo.processIdentifier)"
        )
        defer { try? files.removeItem(at: staged) }
        try write(
            policy, staged: staged, name: destination.deletingPathExtension().lastPathComponent)
        let found = try probe.score(reload(staged, like: policy))
        let report = Report(
            expected, found, tolerance: tolerance(computing: policy.model.dtype))
        guard report.meanDifference <= report.tolerance else {
            throw ExportError.differs(
                mean: report.meanDifference, largest: report.largestDifference,
                tolerance: report.tolerance)
        }
        try files.moveItem(at: staged, to: destination)
        return report
    }

    private func write(_ policy: LanguageModel, staged: URL, name: String) throws {
        switch form {
        case .merged(let dtype):
            try ModelFolder.save(policy.model, folder: staged, source: policy.folder, dtype: dtype)
        case .adapter:
            try AdapterFile.save(
                policy.model, folder: staged, baseModel: policy.folder.path,
                trainedOn: policy.model.adapterBase)
        case .gguf(let encoding):
            try GGUFFile(policy.model, source: policy.folder, encoding: encoding, name: name)
                .write(to: staged)
        }
    }

    private func reload(_ staged: URL, like policy: LanguageModel) throws -> DecoderModel {
        let (dtype, device) = (policy.model.dtype, policy.model.device)
        switch form {
        case .merged:
            return try LanguageModel(folder: staged, dtype: dtype, device: device).model
        case .adapter:
            return try LanguageModel(
                folder: policy.folder, adapter: staged, dtype: dtype, device: device,
                quantization: quantization
            ).model
        case .gguf:
            let model = try DecoderModel.load(
                folder: policy.folder, dtype: dtype, device: device)
            try GGUFFile(contentsOf: staged).load(into: model)
            return model
        }
    }
}

extension ModelExport.Report {
    init(_ expected: [Float], _ found: [Float], tolerance: Double) {
        let differences = zip(expected, found).map { Double(abs($0 - $1)) }
        let sum = differences.reduce(0, +)
        self.init(
            tokens: differences.count, meanDifference: sum / Double(max(differences.count, 1)),
            largestDifference: differences.max() ?? 0, tolerance: tolerance)
    }
}

/// Why an export was not kept.
public enum ExportError: Error, Sendable, Hashable, CustomStringConvertible {
    case exists(path: String)
    case differs(mean: Double, largest: Double, tolerance: Double)

    public var description: String {
        switch self {
        case .exists(let path): "\(path) is there already; name another --output or remove it"
        case .differs(let mean, let largest, let tolerance):
            "what was written gives other log-probabilities than the policy: by \(mean) nats on average "
                + "(at most \(tolerance) is rounding) and \(largest) at most; nothing was kept. "
                + "Write another format, or --type f32"
        }
    }
}
