import HoneCore
import OrderedCollections

/// The dataset's order with a memory: prompts that the policy solved when they were last asked come
/// again less often.
///
/// Walks the endless order of the dataset. A row whose group had a mean score of at least
/// `DifficultyConfig.easyThreshold` when it was last asked is passed over, except with the chance
/// `DifficultyConfig.easyFraction`; so what is forgotten is noticed, and asked again in full. The chance
/// is a function of seed and place in the order, and the memory is part of every checkpoint, so a
/// resumed run asks what the uninterrupted one would have asked.
///
/// Source: the difficulty pools of prime-rl, whose names of the keys we keep; there a problem's pool is
/// drawn from, here the order of the dataset stays and easy rows drop out of it.
public actor DifficultyFeed: PromptFeed, CheckpointPart {
    public nonisolated let promptsPerStep: Int
    public nonisolated let checkpointName = "difficulty"

    private let stream: PromptStream
    private let config: DifficultyConfig
    private let seed: UInt64
    /// Place in the endless order from which the next prompt is sought.
    private var place = 0
    /// Mean score of each row's group when it was last asked, by position in the dataset.
    private var memory: [Int: Double] = [:]
    /// Positions of the rows that the step asked so far, by the row's own number.
    private var asked: OrderedDictionary<Int, Int> = [:]
    private var askedStep = 0
    private var passedOver = 0

    public init(_ stream: PromptStream, memory config: DifficultyConfig, seed: UInt64) {
        self.stream = stream
        self.config = config
        self.seed = seed
        promptsPerStep = stream.promptsPerStep
    }

    public func prompts(step: Int, round: Int) throws -> PromptBatch {
        if askedStep != step {
            (askedStep, asked, passedOver) = (step, [:], 0)
        }
        let epoch = Double(place) / Double(stream.rowCount)
        var prompts: [EncodedPrompt] = []
        // Twice the rows hold a whole epoch wherever they begin: every row was offered once. If all were
        // easy, the next ones are taken as they come.
        let patience = place + 2 * stream.rowCount
        while prompts.count < promptsPerStep, asked.count < stream.rowCount {
            let position = stream.row(ofOrder: place)
            defer { place += 1 }
            if asked.values.contains(position) { continue }
            if place < patience, passesOver(position) {
                passedOver += 1
                continue
            }
            let prompt = try stream.prompt(at: position, step: step)
            asked[prompt.row.index] = position
            prompts.append(prompt)
        }
        return PromptBatch(prompts: prompts, epoch: epoch)
    }

    private func passesOver(_ position: Int) -> Bool {
        guard let score = memory[position], score >= config.easyThreshold else { return false }
        var draw = SplitMix(seed: seed, stream: Self.drawStream + UInt64(place))
        // 53 bits make a number in [0, 1).
        return Double(draw.next() >> 11) * 0x1p-53 >= config.easyFraction
    }

    /// Far from the streams of epochs and steps.
    private static let drawStream: UInt64 = 1 << 50

    public func learn(from groups: [RolloutGroup], step: Int) async -> OrderedMetrics {
        for group in groups {
            let scores = group.scores(of: config.metric)
            guard let position = asked[group.prompt.row.index], !scores.isEmpty else { continue }
            memory[position] = scores.reduce(0, +) / Double(scores.count)
        }
        let easy = memory.values.count { $0 >= config.easyThreshold }
        return [
            ("difficulty/easy_prompts", Double(easy)),
            ("difficulty/known_prompts", Double(memory.count)),
            ("difficulty/passed_over", Double(passedOver)),
        ]
    }

    public func checkpointState() -> JSONValue {
        let rows = memory.sorted { $0.key < $1.key }
        return [
            "place": .int(place), "rows": .array(rows.map { .int($0.key) }),
            "scores": .array(rows.map { .double($0.value) }),
        ]
    }

    public func restore(from state: JSONValue) {
        place = state["place"]?.intValue ?? 0
        let rows = (state["rows"]?.arrayValue ?? []).compactMap(\.intValue)
        let scores = (state["scores"]?.arrayValue ?? []).compactMap(\.doubleValue)
        memory = Dictionary(uniqueKeysWithValues: zip(rows, scores))
        askedStep = 0
    }
}
