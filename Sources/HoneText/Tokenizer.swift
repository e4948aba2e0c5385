import Foundation
import HoneCore
import Synchronization

/// Turns text into the token ids of a model and back, as `tokenizer.json` in the model's folder says.
///
/// Ids and texts are those of the `tokenizers` library, byte for byte. A tokenizer may be used from
/// several threads at once.
public final class Tokenizer: Sendable {
    /// The tokens that are looked for in the text itself, by id.
    public let addedTokens: [Int: AddedToken]
    /// Roles of tokens and switches from `tokenizer_config.json`.
    public let configuration: TokenizerConfiguration
    /// The largest id that a token has. A model whose embedding has fewer rows than this plus one
    /// does not go with this tokenizer.
    public let maximumID: Int

    let model: BytePairModel
    let added: AddedVocabulary
    let normalizers: [Normalizer]
    let preTokenizers: [PreTokenizer]
    let decoders: [TokenDecoder]?
    let decodingPlan: DecodingPlan
    let postProcessor: PostProcessor
    /// Caches and buffers of encodings that are not under way.
    private let idle = Mutex<[EncodingScratch]>([])

    /// The tokenizer of the model in `folder`: its `tokenizer.json`, and its `tokenizer_config.json`
    /// where it has one.
    public convenience init(folder: URL) throws(TokenizerError) {
        let file = try TokenizerFile(url: folder.appending(path: "tokenizer.json"))
        try self.init(file, try TokenizerConfiguration(folder: folder))
    }

    init(_ file: TokenizerFile, _ configuration: TokenizerConfiguration) throws(TokenizerError) {
        self.configuration = configuration
        model = file.model
        normalizers = file.normalizers
        preTokenizers = file.preTokenizers
        decoders = file.decoders
        decodingPlan = DecodingPlan(file.decoders)
        postProcessor = file.postProcessor
        added = try AddedVocabulary(file, configuration)
        addedTokens = added.tokens
        maximumID = max(model.vocabulary.maximumID ?? 0, added.tokens.keys.max() ?? 0)
    }

    /// How many ids there are, from 0 to ``maximumID``, gaps included.
    public var idCount: Int { maximumID + 1 }

    /// The ids of the tokens that `tokenizer_config.json` gives roles, where it does.
    public var bosID: Int? { configuration.bosToken.flatMap { id(of: $0) } }
    public var eosID: Int? { configuration.eosToken.flatMap { id(of: $0) } }
    public var padID: Int? { configuration.padToken.flatMap { id(of: $0) } }
    public var unkID: Int? { configuration.unkToken.flatMap { id(of: $0) } }

    /// The id of the token that is written `token`, if there is one.
    public func id(of token: String) -> Int? {
        let bytes = Array(token.utf8)
        return added.ids[bytes] ?? model.vocabulary.id(of: bytes).map(Int.init)
    }

    /// The token with `id` as the vocabulary writes it (byte-level tokens in the characters
    /// that GPT-2 gives the bytes), or nil if no token has it.
    public func token(of id: Int) -> String? {
        tokenBytes(id).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether the token with `id` is a control token.
    public func isSpecial(_ id: Int) -> Bool { added.isSpecial(id) }

    func tokenBytes(_ id: Int) -> [UInt8]? {
        added.texts[id] ?? model.vocabulary.withToken(id) { Array($0) }
    }

    // MARK: Encoding

    /// The ids of `text`.
    /// - Parameters:
    ///   - text: Any text.
    ///   - addSpecialTokens: Whether to put the tokens around it that the post-processor asks for,
    ///     such as a beginning-of-sequence token. Special tokens that are written out in the text
    ///     become their ids either way.
    /// - Throws: ``TokenizerError/matchFailed(pattern:reason:)`` when a pattern of the file runs out
    ///   of memory on this text.
    public func encode(
        _ text: String, addSpecialTokens: Bool
    ) throws(TokenizerError) -> [Int32] {
        let scratch = idle.withLock { $0.popLast() } ?? EncodingScratch()
        var ids: [Int32] = addSpecialTokens ? postProcessor.prefix : []
        var text = text
        var failure: TokenizerError?
        text.withUTF8 { bytes in
            do throws(TokenizerError) {
                try encode(bytes, scratch, into: &ids)
            } catch {
                failure = error
            }
        }
        idle.withLock { $0.append(scratch) }
        if let failure { throw failure }
        if addSpecialTokens { ids.append(contentsOf: postProcessor.suffix) }
        return ids
    }

    private func encode(
        _ text: UnsafeBufferPointer<UInt8>, _ scratch: EncodingScratch, into ids: inout [Int32]
    ) throws(TokenizerError) {
        try added.inText.forEachPart(of: text) { part throws(TokenizerError) in
            switch part {
            case .token(let token): ids.append(Int32(token.id))
            case .text(let range):
                let raw = text.part(range.lowerBound, range.upperBound)
                try encodeRaw(raw, isAtStart: range.lowerBound == 0, scratch, into: &ids)
            }
        }
    }

    /// Encodes a stretch without added tokens that are found in the text as given.
    private func encodeRaw(
        _ raw: UnsafeBufferPointer<UInt8>, isAtStart: Bool, _ scratch: EncodingScratch,
        into ids: inout [Int32]
    ) throws(TokenizerError) {
        var text = raw
        var isAtStart = isAtStart
        for normalizer in normalizers {
            swap(&scratch.normalized, &scratch.toNormalize)
            scratch.normalized.removeAll()
            let keepsStart = try normalizer.apply(to: text, scratch.matcher, scratch.normalized)
            isAtStart = isAtStart && keepsStart
            text = scratch.normalized.bytes
        }
        guard !added.inNormalizedText.isEmpty else {
            try encodeNormalized(text, isAtStart: isAtStart, scratch, into: &ids)
            return
        }
        try added.inNormalizedText.forEachPart(of: text) { part throws(TokenizerError) in
            switch part {
            case .token(let token): ids.append(Int32(token.id))
            case .text(let range):
                try encodeNormalized(
                    text.part(range.lowerBound, range.upperBound),
                    isAtStart: isAtStart && range.lowerBound == 0, scratch, into: &ids)
            }
        }
    }

    private func encodeNormalized(
        _ text: UnsafeBufferPointer<UInt8>, isAtStart: Bool, _ scratch: EncodingScratch,
        into ids: inout [Int32]
    ) throws(TokenizerError) {
        let list = scratch.pieces
        list.reset(text, isAtStart: isAtStart)
        for preTokenizer in preTokenizers { try preTokenizer.apply(to: list, scratch.matcher) }
        for piece in list.pieces {
            model.encode(list.text.part(piece.start, piece.end), scratch: scratch, into: &ids)
        }
    }

    // MARK: Decoding

    /// The text of `ids`.
    ///
    /// Ids that no token has are left out, as the `tokenizers` library does: models whose embedding
    /// is padded can sample such ids. Bytes that are not UTF-8 become U+FFFD.
    /// - Parameters:
    ///   - ids: Token ids in the order of the text.
    ///   - skipSpecialTokens: Whether to leave out control tokens. (The library keeps those that its
    ///     normalizer changes; here all are left out.)
    public func decode(_ ids: [Int32], skipSpecialTokens: Bool) -> String {
        if case .bytes = decodingPlan {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(ids.count * 5)
            for id in ids where !(skipSpecialTokens && isSpecial(Int(id))) {
                _ = withToken(Int(id)) { ByteAlphabet.appendBytes(of: $0, to: &bytes) }
            }
            return TokenDecoder.repaired(bytes)
        }
        var tokens: [[UInt8]] = []
        tokens.reserveCapacity(ids.count)
        for id in ids where !(skipSpecialTokens && isSpecial(Int(id))) {
            if let token = tokenBytes(Int(id)) { tokens.append(token) }
        }
        return text(of: tokens)
    }

    /// The text of tokens as the vocabulary writes them.
    func text(of tokens: [[UInt8]]) -> String {
        guard let decoders else {
            return TokenDecoder.repaired(Array(tokens.joined(separator: [0x20])))
        }
        var tokens = tokens
        for decoder in decoders { tokens = decoder.apply(to: tokens) }
        return TokenDecoder.repaired(Array(tokens.joined()))
    }

    private func withToken<Result>(
        _ id: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result? {
        if let text = added.texts[id] { return text.withUnsafeBufferPointer(body) }
        return model.vocabulary.withToken(id, body)
    }
}
