/// A token that is looked for in the text itself, before the model sees any of it.
public struct AddedToken: Sendable, Hashable {
    public var id: Int
    public var content: String
    /// Whether it is a control token: left out of a decoded text where those are not wanted.
    public var isSpecial: Bool
    /// Whether it is found in the normalized text, else in the text as given.
    public var isNormalized: Bool
    /// Whether it is found only where no word character touches it.
    public var isSingleWord: Bool
    /// Whether the white space before it belongs to it.
    public var stripsLeft: Bool
    /// Whether the white space behind it belongs to it.
    public var stripsRight: Bool

    public init(
        id: Int, content: String, isSpecial: Bool, isNormalized: Bool, isSingleWord: Bool = false,
        stripsLeft: Bool = false, stripsRight: Bool = false
    ) {
        self.id = id
        self.content = content
        self.isSpecial = isSpecial
        self.isNormalized = isNormalized
        self.isSingleWord = isSingleWord
        self.stripsLeft = stripsLeft
        self.stripsRight = stripsRight
    }
}
