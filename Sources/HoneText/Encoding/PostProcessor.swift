/// What is put around the ids of a text: the tokens that begin or end a sequence.
struct PostProcessor: Sendable, Hashable {
    var prefix: [Int32] = []
    var suffix: [Int32] = []
}
