import Foundation
import HoneCore
import HoneModels
import HoneText
import Torch

/// A whole model folder at work: the decoder and its text half.
///
/// Not Sendable, like the decoder; ``text`` may be passed on.
public final class LanguageModel {
    public let model: DecoderModel
    public let text: ModelText
    /// Tokens that end a completion: those of the model's configuration and the tokenizer's own.
    public let endTokens: Set<Int32>
    /// Where configuration and tokenizer came from.
    public let folder: URL

    public init(model: DecoderModel, folder: URL) throws {
        self.model = model
        self.folder = folder
        text = try ModelText(folder: folder)
        endTokens = Set(model.config.endTokens).union(text.endToken.map { [$0] } ?? [])
        let size = model.config.vocabularySize
        guard text.tokenizer.maximumID < size else {
            throw LanguageModelError.vocabulary(
                folder: folder.path, largestID: text.tokenizer.maximumID, modelSize: size)
        }
    }

    /// Loads the model in `folder`, its weights kept as `quantization` says, and the adapter in PEFT's
    /// format in `adapter` onto it.
    public convenience init(
        folder: URL, adapter: URL? = nil, dtype: DType, device: Device,
        quantization: BaseQuantization = .none
    ) throws {
        let model = try DecoderModel.load(
            folder: folder, dtype: dtype, device: device, quantization: quantization)
        if let adapter { try AdapterFile.load(folder: adapter, into: model) }
        try self.init(model: model, folder: folder)
    }

    /// Writes the trained adapter in PEFT's format if there is one, else the model with its configuration and
    /// tokenizer.
    public func save(to destination: URL) throws {
        if model.adapterConfig != nil {
            try AdapterFile.save(
                model, folder: destination, baseModel: folder.path, trainedOn: model.quantization)
        } else {
            try ModelFolder.save(model, folder: destination, source: folder)
        }
    }
}

/// What can be wrong between the two halves of a model folder.
public enum LanguageModelError: Error, Sendable, Hashable, CustomStringConvertible {
    case vocabulary(folder: String, largestID: Int, modelSize: Int)

    public var description: String {
        switch self {
        case .vocabulary(let folder, let largest, let size):
            "\(folder): the tokenizer has ids up to \(largest), but the model only knows ids below "
                + "\(size); tokenizer.json belongs to another model"
        }
    }
}
