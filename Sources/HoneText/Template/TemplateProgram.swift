/// A parsed template with every name resolved; made once, rendered many times.
struct TemplateProgram: Sendable {
    let statements: [TemplateStatement]
    /// For each ``NameUse/use``, where the value stands.
    let references: [ScopeReference]
    /// For each scope, what to do when it is entered. Scope 0 is the top level.
    let scopes: [ScopeLayout]
    /// Names that are looked up in the variables given to a rendering.
    let freeNames: [String]
    let hasBlocks: Bool

    init(source: String) throws(TemplateError) {
        var parser = TemplateParser(source: source)
        statements = try parser.template()
        var resolver = ScopeResolver(uses: parser.useCount, scopes: parser.scopeCount)
        try resolver.resolve(statements)
        references = resolver.references
        scopes = resolver.layouts
        freeNames = resolver.freeNames
        hasBlocks = resolver.hasBlocks
    }
}

/// A place for a value: `hops` scopes outwards, then the slot.
struct ScopeReference: Sendable {
    var hops: Int
    var slot: Int
}

/// What a scope holds and how its slots begin.
struct ScopeLayout: Sendable {
    enum Load: Sendable {
        /// The variable of that index in ``TemplateProgram/freeNames``.
        case free(Int)
        /// A copy of an outer value.
        case copy(ScopeReference)
    }

    var slotCount = 0
    /// Slots that begin with a value; the others begin empty.
    var loads: [(slot: Int, load: Load)] = []
    /// Whether anything inside asks for `loop`.
    var usesLoop = false
    var usesCaller = false
    var usesKeywordArguments = false
    var usesExtraArguments = false
}
