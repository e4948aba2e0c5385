/// The tokens that are found in the text itself, and which of all tokens are special.
struct AddedVocabulary: Sendable {
    /// By id.
    let tokens: [Int: AddedToken]
    /// Ids by content.
    let ids: [[UInt8]: Int]
    /// Found in the text as given.
    let inText: AddedTokenMatcher
    /// Found in the normalized text.
    let inNormalizedText: AddedTokenMatcher
    private let specialIDs: Set<Int>

    /// Adds `tokens` to `model`'s vocabulary in their order.
    ///
    /// A token that the vocabulary has keeps its id; others take the next free ids. An id that the
    /// file claims otherwise is an error here. (The `tokenizers` library warns and goes on with its
    /// own.)
    init(
        _ tokens: [AddedToken], model: BytePairModel, normalizers: [Normalizer], path: String
    ) throws(TokenizerError) {
        var byID: [Int: AddedToken] = [:]
        var ids: [[UInt8]: Int] = [:]
        var highest: Int?
        for (index, token) in tokens.enumerated() {
            let content = Array(token.content.utf8)
            guard !content.isEmpty, ids[content] == nil else { continue }
            let size = model.vocabulary.count
            let next = highest.map { $0 >= size || size == 0 ? $0 + 1 : size } ?? size
            let id = model.vocabulary.id(of: content).map(Int.init) ?? next
            guard id == token.id else {
                throw .invalid(
                    path: path, key: "added_tokens[\(index)].id",
                    message:
                        "\"\(token.content)\" claims the id \(token.id), but its place is \(id)")
            }
            ids[content] = id
            byID[id] = token
            highest = max(highest ?? id, id)
        }
        self.tokens = byID
        self.ids = ids
        let unique = tokens.filter {
            byID[$0.id]?.content.utf8.elementsEqual($0.content.utf8) == true
        }
        let ordered = unique.filter(\.isSpecial) + unique.filter { !$0.isSpecial }
        let plain = ordered.filter { !$0.isNormalized }
        inText = AddedTokenMatcher(plain, patterns: plain.map { Array($0.content.utf8) })
        let normalized = ordered.filter(\.isNormalized)
        var patterns: [[UInt8]] = []
        let scratch = MatchScratch()
        for token in normalized {
            var content = Array(token.content.utf8)
            for normalizer in normalizers {
                let output = ByteBuffer()
                var failure: TokenizerError?
                content.withUnsafeBufferPointer { bytes in
                    do throws(TokenizerError) {
                        _ = try normalizer.apply(to: bytes, scratch, output)
                    } catch {
                        failure = error
                    }
                }
                if let failure { throw failure }
                content = Array(output.bytes)
            }
            patterns.append(content)
        }
        inNormalizedText = AddedTokenMatcher(normalized, patterns: patterns)
        specialIDs = Set(byID.values.filter(\.isSpecial).map(\.id))
    }

    /// Whether the token with `id` is a control token.
    func isSpecial(_ id: Int) -> Bool { specialIDs.contains(id) }
}
