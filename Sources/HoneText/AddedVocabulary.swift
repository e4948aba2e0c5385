import HoneCore

/// The tokens that are found in the text itself, and which of all tokens are special.
struct AddedVocabulary: Sendable {
    /// By id.
    let tokens: [Int: AddedToken]
    /// Ids by content.
    let ids: [[UInt8]: Int]
    /// The text that each stands for when it is decoded, by id: its content, normalized where it is
    /// found in the normalized text. (So has the library, in version 0.23.)
    let texts: [Int: [UInt8]]
    /// Found in the text as given.
    let inText: AddedTokenMatcher
    /// Found in the normalized text.
    let inNormalizedText: AddedTokenMatcher
    private let specialIDs: Set<Int>

    /// Adds the tokens of `file` and then those of `configuration` to the model's vocabulary.
    ///
    /// A token that the vocabulary has keeps its id; others take the next free ids. An id that a
    /// file claims otherwise is an error here. (The `tokenizers` library warns and goes on with its
    /// own.)
    init(
        _ file: TokenizerFile, _ configuration: TokenizerConfiguration
    ) throws(TokenizerError) {
        var list = AddedTokenList(vocabulary: file.model.vocabulary)
        for (index, token) in file.addedTokens.enumerated() {
            let id = list.add(token)
            guard id == token.id else {
                throw Self.misplaced(token, id, file.path, "added_tokens[\(index)].id")
            }
        }
        for token in configuration.addedTokens {
            let id = list.add(token, overrides: true)
            guard id == token.id else {
                let key = "added_tokens_decoder.\(token.id)"
                throw Self.misplaced(token, id, configuration.path, key)
            }
        }
        for content in configuration.specialTokens where list.ids[Array(content.utf8)] == nil {
            _ = list.add(
                AddedToken(id: 0, content: content, isSpecial: true, isNormalized: false))
        }
        tokens = list.byID
        ids = list.ids
        let ordered = list.order.compactMap { list.byID[$0] }
        let special = ordered.filter(\.isSpecial)
        let all = special + ordered.filter { !$0.isSpecial }
        specialIDs = Set(special.map(\.id))
        let plain = all.filter { !$0.isNormalized }
        inText = AddedTokenMatcher(plain, patterns: plain.map { Array($0.content.utf8) })
        let normalized = all.filter(\.isNormalized)
        var patterns: [[UInt8]] = []
        for token in normalized {
            patterns.append(try Self.normalize(Array(token.content.utf8), file.normalizers))
        }
        inNormalizedText = AddedTokenMatcher(normalized, patterns: patterns)
        var texts = list.byID.mapValues { Array($0.content.utf8) }
        for (token, pattern) in zip(normalized, patterns) { texts[token.id] = pattern }
        self.texts = texts
    }

    /// Whether the token with `id` is a control token.
    func isSpecial(_ id: Int) -> Bool { specialIDs.contains(id) }

    private static func misplaced(
        _ token: AddedToken, _ id: Int, _ path: String, _ key: String
    ) -> TokenizerError {
        .invalid(
            path: path, key: key,
            message: "\"\(token.content)\" claims the id \(token.id), but its place is \(id)")
    }

    private static func normalize(
        _ content: [UInt8], _ normalizers: [Normalizer]
    ) throws(TokenizerError) -> [UInt8] {
        let scratch = MatchScratch.forTokenizing()
        var front = ByteBuffer()
        var back = ByteBuffer()
        front.append(content)
        for normalizer in normalizers {
            swap(&front, &back)
            front.removeAll()
            _ = try normalizer.apply(to: back.bytes, scratch, front)
        }
        return Array(front.bytes)
    }
}

/// Gives added tokens their ids, in the order in which they come.
private struct AddedTokenList {
    let vocabulary: Vocabulary
    private(set) var byID: [Int: AddedToken] = [:]
    private(set) var ids: [[UInt8]: Int] = [:]
    private(set) var order: [Int] = []
    private var highest: Int?

    init(vocabulary: Vocabulary) { self.vocabulary = vocabulary }

    /// The id of `token`, which is added if it is new. An empty token is not added and keeps the id
    /// that it claims, for nothing can find it.
    mutating func add(_ token: AddedToken, overrides: Bool = false) -> Int {
        let content = Array(token.content.utf8)
        guard !content.isEmpty else { return token.id }
        if let id = ids[content] {
            if overrides { set(token, id) }
            return id
        }
        let size = vocabulary.count
        let next = highest.map { $0 >= size || size == 0 ? $0 + 1 : size } ?? size
        let id = vocabulary.id(of: content).map(Int.init) ?? next
        ids[content] = id
        order.append(id)
        set(token, id)
        highest = max(highest ?? id, id)
        return id
    }

    private mutating func set(_ token: AddedToken, _ id: Int) {
        var token = token
        token.id = id
        byID[id] = token
    }
}
