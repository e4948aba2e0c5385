/// How far the steps of a decoder can run on tokens as they come.
enum DecodingPlan: Sendable {
    /// Tokens are bytes: what is complete UTF-8 is final.
    case bytes
    /// Tokens are joined by spaces.
    case spaced
    /// Each token is a text of its own, by `steps`; neighbouring byte tokens are one text if
    /// `joinsBytes`; `strip` then takes up to `count` times `content` off the start of the whole.
    case texts(steps: [TokenDecoder], joinsBytes: Bool, strip: (content: [UInt8], count: Int)?)
    /// Some step needs all tokens at once.
    case whole

    init(_ decoders: [TokenDecoder]?) {
        guard let decoders else {
            self = .spaced
            return
        }
        if decoders.count == 1, case .byteLevel = decoders[0] {
            self = .bytes
            return
        }
        var rest = decoders[...]
        var steps: [TokenDecoder] = []
        var joinsBytes = false
        var strip: (content: [UInt8], count: Int)?
        scan: while let step = rest.first {
            switch step {
            case .replace, .metaspace: steps.append(step)
            default: break scan
            }
            rest.removeFirst()
        }
        if case .byteFallback = rest.first {
            joinsBytes = true
            rest.removeFirst()
        }
        if case .fuse = rest.first {
            rest.removeFirst()
            if case .strip(let content, let start, 0) = rest.first {
                strip = (content, start)
                rest.removeFirst()
            }
        }
        self = rest.isEmpty ? .texts(steps: steps, joinsBytes: joinsBytes, strip: strip) : .whole
    }
}
