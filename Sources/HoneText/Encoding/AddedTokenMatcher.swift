/// Finds added tokens in a text: from left to right the leftmost, and of those that begin there the
/// longest, as the `tokenizers` library does.
struct AddedTokenMatcher: Sendable {
    /// A part of a text that was searched.
    enum Part {
        case text(Range<Int>)
        case token(AddedToken)
    }

    private struct Node {
        /// Range of the edges that leave it.
        var edges: Range<Int32> = 0..<0
        /// Index of the token that ends here, or nil.
        var token: Int32?
    }

    private struct Edge {
        var byte: UInt8
        var node: Int32
    }

    private let tokens: [AddedToken]
    private var nodes: [Node] = [Node()]
    private var edges: [Edge] = []
    /// The node that each first byte leads to; 0 where none does.
    private var roots = [Int32](repeating: 0, count: 256)

    /// Looks for the `patterns`, each of which stands for the token at the same index.
    ///
    /// Where two tokens have the same pattern, the first is found.
    init(_ tokens: [AddedToken], patterns: [[UInt8]]) {
        self.tokens = tokens
        var children: [[UInt8: Int32]] = [[:]]
        for (index, pattern) in patterns.enumerated() where !pattern.isEmpty {
            var node = 0
            for byte in pattern {
                if let child = children[node][byte] {
                    node = Int(child)
                } else {
                    children[node][byte] = Int32(nodes.count)
                    node = nodes.count
                    nodes.append(Node())
                    children.append([:])
                }
            }
            if nodes[node].token == nil { nodes[node].token = Int32(index) }
        }
        for (node, map) in children.enumerated() {
            let start = Int32(edges.count)
            for (byte, child) in map.sorted(by: { $0.key < $1.key }) {
                edges.append(Edge(byte: byte, node: child))
            }
            nodes[node].edges = start..<Int32(edges.count)
        }
        for (byte, child) in children[0] { roots[Int(byte)] = child }
    }

    var isEmpty: Bool { edges.isEmpty }

    /// Calls `body` with each part of `text`, from left to right. An empty text has none.
    func forEachPart<Failure: Error>(
        of text: UnsafeBufferPointer<UInt8>, _ body: (Part) throws(Failure) -> Void
    ) throws(Failure) {
        var covered = 0
        var index = 0
        while index < text.count {
            guard roots[Int(text[index])] != 0, let (token, end) = longestMatch(text, at: index)
            else {
                index += 1
                continue
            }
            let start = index
            index = end
            if token.isSingleWord, !WordBoundary.isAround(start..<end, in: text) { continue }
            var first = start
            var last = end
            if token.stripsLeft {
                first = max(WhiteSpace.startOfRun(endingAt: start, in: text), covered)
            }
            if token.stripsRight { last = WhiteSpace.endOfRun(from: end, in: text) }
            if covered < first { try body(.text(covered..<first)) }
            try body(.token(token))
            covered = last
        }
        if covered < text.count { try body(.text(covered..<text.count)) }
    }

    private func longestMatch(
        _ text: UnsafeBufferPointer<UInt8>, at start: Int
    ) -> (AddedToken, Int)? {
        var node = Int(roots[Int(text[start])])
        var index = start + 1
        var found: (AddedToken, Int)?
        while true {
            if let token = nodes[node].token { found = (tokens[Int(token)], index) }
            guard index < text.count else { return found }
            let byte = text[index]
            var following: Int32?
            for edge in nodes[node].edges where edges[Int(edge)].byte == byte {
                following = edges[Int(edge)].node
            }
            guard let following else { return found }
            node = Int(following)
            index += 1
        }
    }
}
