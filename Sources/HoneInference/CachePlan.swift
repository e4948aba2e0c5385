import HoneModels
import Torch

/// How many blocks of keys and values a budget of bytes holds.
struct CachePlan: Hashable, Sendable {
    /// Tokens in a block.
    let blockLength: Int
    /// Bytes of one block in all layers, keys and values.
    let blockBytes: Int
    let blockCount: Int
    let budgetBytes: Int

    init(
        layers: Int, keyHeads: Int, headWidth: Int, bytesPerElement: Int, budgetBytes: Int,
        mostBlocks: Int = .max
    ) throws(EngineError) {
        let shapes = Kernels.cachePoolShapes(blocks: 1, keyHeads: keyHeads, headWidth: headWidth)
        blockLength = Kernels.cacheBlockLength
        blockBytes =
            layers * bytesPerElement * (shapes.key.reduce(1, *) + shapes.value.reduce(1, *))
        self.budgetBytes = budgetBytes
        guard budgetBytes >= blockBytes else {
            throw .budgetTooSmall(bytes: budgetBytes, blockBytes: blockBytes)
        }
        blockCount = min(budgetBytes / blockBytes, mostBlocks)
    }

    /// Blocks that hold `tokens` tokens.
    func blocks(for tokens: Int) -> Int { (tokens + blockLength - 1) / blockLength }

    /// Refuses a completion that the whole cache could not hold.
    /// - Parameters:
    ///   - prompt: tokens of the prompt, in blocks of their own.
    ///   - completion: drawn tokens whose keys and values are kept.
    func requireRoom(prompt: Int, completion: Int) throws(EngineError) {
        let needed = blocks(for: prompt) + blocks(for: completion)
        guard needed <= blockCount else {
            throw .cacheTooSmall(
                neededTokens: needed * blockLength, availableTokens: blockCount * blockLength,
                neededBytes: needed * blockBytes, budgetBytes: budgetBytes)
        }
    }
}
