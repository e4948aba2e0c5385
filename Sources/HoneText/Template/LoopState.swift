/// What a template sees as `loop`.
final class LoopState {
    private let source: ValueIterator
    private var knownLength: Int?
    private var buffered: [TemplateValue] = []
    private(set) var index0 = -1
    private(set) var previous: TemplateValue?
    private(set) var current: TemplateValue?
    private var lastChanged: [TemplateValue]?
    /// How deep a recursive loop is, from 0.
    let depth0: Int
    /// The loop to run again and the frame it stands in, if it is recursive.
    let recursion: (loop: ForLoop, frame: TemplateFrame)?

    /// - Parameter length: how many items `source` has, if that is known without reading it.
    init(
        _ source: ValueIterator, length: Int?, depth0: Int,
        recursion: (loop: ForLoop, frame: TemplateFrame)?
    ) {
        self.source = source
        self.knownLength = length
        self.depth0 = depth0
        self.recursion = recursion
    }

    /// The next item, which becomes the current one.
    func advance() throws(TemplateError) -> TemplateValue? {
        let item = buffered.isEmpty ? try source.next() : buffered.removeFirst()
        guard let item else { return nil }
        index0 += 1
        previous = current
        current = item
        return item
    }

    /// The item after the current one.
    func following() throws(TemplateError) -> TemplateValue? {
        if buffered.isEmpty, let item = try source.next() { buffered.append(item) }
        return buffered.first
    }

    /// How many items there are; reads all of them if it must.
    func length() throws(TemplateError) -> Int {
        if let knownLength { return knownLength }
        while let item = try source.next() { buffered.append(item) }
        let length = buffered.count + index0 + 1
        knownLength = length
        return length
    }

    /// Whether `values` differ from those of the last call.
    func changed(_ values: [TemplateValue]) -> Bool {
        if let lastChanged, lastChanged.count == values.count,
            zip(lastChanged, values).allSatisfy({ $0.isEqual(to: $1) })
        {
            return false
        }
        lastChanged = values
        return true
    }

    func member(_ name: String) throws(TemplateError) -> TemplateValue? {
        switch name {
        case "index": return .int(index0 + 1)
        case "index0": return .int(index0)
        case "first": return .bool(index0 == 0)
        case "last": return .bool(try following() == nil)
        case "length": return .int(try length())
        case "revindex": return .int(try length() - index0)
        case "revindex0": return .int(try length() - index0 - 1)
        case "depth": return .int(depth0 + 1)
        case "depth0": return .int(depth0)
        case "previtem":
            return index0 > 0
                ? previous : .undefined(.reason("there is no previous item"))
        case "nextitem":
            return try following() ?? .undefined(.reason("there is no next item"))
        case "cycle", "changed": return .method(BoundMethod(name, of: .loop(self)))
        default: return nil
        }
    }
}
