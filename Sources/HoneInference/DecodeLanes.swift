import HoneModels
import Torch

/// The tensors of a decode step that stay in place from step to step, for S lanes that see at most L
/// places. Lanes without a completion compute into the cache's waste.
final class DecodeLanes {
    let laneCount: Int
    let placeCount: Int
    private let device: Device
    private let emptyPlace: Int
    private let vocabularySize: Int

    /// [S] int64: the token that each lane reads next, and its position.
    private let tokens: Tensor
    private let positions: Tensor
    /// [S, L] int64: cache place of each position.
    private let places: Tensor
    /// [S, 1] f32, 1 where the largest logit is taken.
    private let inverseTemperatures: Tensor
    /// [S] bool: takes the largest logit.
    private let isGreedy: Tensor
    /// [burst, S, 1] f64.
    private let uniforms: Tensor
    /// [1] int64: which step of the burst.
    private let step: Tensor
    /// [burst, S]: int64, and f32 in nats.
    private let drawnTokens: Tensor
    private let logProbabilities: Tensor
    private let rawLogProbabilities: Tensor

    private let laneIndices: Tensor
    private let keyPositions: Tensor

    /// Most elements that drawing holds at a time in one tensor: 64 MiB in f64.
    private static let drawnElements = 8 << 20

    init(rows: Int, places reach: Int, emptyPlace: Int, model: DecoderModel) throws {
        device = model.device
        self.emptyPlace = emptyPlace
        vocabularySize = model.config.vocabularySize
        laneCount = Self.laneCount(for: rows)
        placeCount = Self.placeCount(for: reach)
        let (device, burst) = (device, DeviceDecoding.longestBurst)
        func zeros(_ shape: [Int], _ dtype: DType) throws -> Tensor {
            try Tensor.zeros(shape, dtype: dtype, device: device)
        }
        tokens = try zeros([laneCount], .int64)
        positions = try zeros([laneCount], .int64)
        places = try zeros([laneCount, placeCount], .int64).fill_(emptyPlace)
        inverseTemperatures = try zeros([laneCount, 1], .float32).fill_(1)
        isGreedy = try zeros([laneCount], .bool)
        uniforms = try zeros([burst, laneCount, 1], .float64)
        step = try zeros([1], .int64)
        drawnTokens = try zeros([burst, laneCount], .int64)
        logProbabilities = try zeros([burst, laneCount], .float32)
        rawLogProbabilities = try zeros([burst, laneCount], .float32)
        laneIndices = try Tensor.arange(laneCount, device: device)
        keyPositions = try Tensor.arange(placeCount, device: device).reshape(1, 1, 1, placeCount)
    }

    /// Powers of two up to 32, then multiples of 32: what a lane too many costs against a recording
    /// for every number of rows.
    static func laneCount(for rows: Int) -> Int {
        guard rows <= 32 else { return (rows + 31) / 32 * 32 }
        var count = 1
        while count < rows { count *= 2 }
        return count
    }

    /// Multiples of 256.
    static func placeCount(for reach: Int) -> Int { (reach + 255) / 256 * 256 }

    /// Whether these lanes are those that so many rows and places would get.
    func holds(rows: Int, places reach: Int) -> Bool {
        Self.laneCount(for: rows) == laneCount && reach <= placeCount
    }

    /// Takes up what the rows of a burst bring.
    /// - Parameter isLaidOut: the lanes stand as the burst before left them, for the same completions.
    func begin(_ rows: [DeviceDecoding.Row], length: Int, isLaidOut: Bool) throws {
        precondition(rows.count <= laneCount && length <= DeviceDecoding.longestBurst)
        try step.zero_()
        var numbers = [Double](repeating: 0, count: length * laneCount)
        for (lane, row) in rows.enumerated() {
            for index in 0..<length { numbers[index * laneCount + lane] = row.uniforms[index] }
        }
        try uniforms.narrow(0, 0, length).copy_(Tensor(numbers, shape: [length, laneCount, 1]))
        guard !isLaidOut else { return }
        func padded<Value>(_ empty: Value, _ value: (DeviceDecoding.Row) -> Value) -> [Value] {
            rows.map(value) + [Value](repeating: empty, count: laneCount - rows.count)
        }
        try tokens.copy_(Tensor(padded(0) { Int($0.token) }))
        try positions.copy_(Tensor(padded(0) { $0.position }))
        let greedy = padded(0) { $0.temperature == 0 ? 1 : 0 }
        try isGreedy.copy_(Tensor(greedy).notEqual(0))
        let inverses = padded(Float(1)) { $0.temperature == 0 ? 1 : Float(1 / $0.temperature) }
        try inverseTemperatures.copy_(Tensor(inverses, shape: [laneCount, 1]))
        var table = [Int](repeating: emptyPlace, count: laneCount * placeCount)
        for (lane, row) in rows.enumerated() {
            let known = row.places().prefix(placeCount)
            table.replaceSubrange(lane * placeCount..<lane * placeCount + known.count, with: known)
        }
        try places.copy_(Tensor(table, shape: [laneCount, placeCount]))
    }

    /// One token of every lane, without a word to or from the host.
    func advance(_ model: DecoderModel, _ store: GatheredStore) throws {
        let place = try places.gather(1, positions.unsqueeze(1)).squeeze(1)
        let isWaste = try place.equal(emptyPlace)
        store.begin(
            GatheredStore.View(
                spanCount: laneCount, rowLimit: 1, placeLimit: placeCount,
                written: try place.maskedFill(isWaste, store.wastePlace),
                queryRows: laneIndices, order: laneIndices,
                places: try places.reshape(laneCount * placeCount),
                positions: try positions.reshape(laneCount, 1, 1, 1), keyPositions: keyPositions))
        let context = CachedContext(positions: positions, store: store)
        let logits = try model.logits(model.hiddenStates(tokens: tokens, context: context))
        let next = try draw(logits)
        try drawnTokens.indexCopy_(0, step, next.unsqueeze(0))
        try tokens.copy_(next)
        try positions.add_(1)
        try step.add_(1)
    }

    /// The next token of each lane, [S]; its log-probabilities are kept.
    private func draw(_ logits: Tensor) throws -> Tensor {
        let uniform = try uniforms.indexSelect(0, step).squeeze(0)  // [S, 1]
        let lanes = max(1, Self.drawnElements / vocabularySize)
        var parts: [(token: Tensor, log: Tensor, raw: Tensor)] = []
        for start in stride(from: 0, to: laneCount, by: lanes) {
            let count = min(lanes, laneCount - start)
            parts.append(
                try draw(
                    logits.narrow(0, start, count).to(.float32), uniform.narrow(0, start, count),
                    inverseTemperatures.narrow(0, start, count), isGreedy.narrow(0, start, count)))
        }
        try logProbabilities.indexCopy_(0, step, Tensor.cat(parts.map(\.log)).unsqueeze(0))
        try rawLogProbabilities.indexCopy_(0, step, Tensor.cat(parts.map(\.raw)).unsqueeze(0))
        return try Tensor.cat(parts.map(\.token))
    }

    /// - Parameters:
    ///   - logits: [M, V] f32.
    ///   - uniform: [M, 1] f64 in [0, 1).
    ///   - inverseTemperature: [M, 1].
    ///   - isGreedy: [M].
    private func draw(
        _ logits: Tensor, _ uniform: Tensor, _ inverseTemperature: Tensor, _ isGreedy: Tensor
    ) throws -> (token: Tensor, log: Tensor, raw: Tensor) {
        let scaled = try (logits * inverseTemperature).logSoftmax()
        let cumulative = try scaled.to(.float64).exp().cumsum(1)
        // A little less than all, so that rounding does not pass the last token with weight.
        let total = try cumulative.narrow(1, vocabularySize - 1, 1) * (1 - 0x1p-48)
        let passed = try cumulative.lessOrEqual(uniform * total).to(.int64).sum(1)
        let sampled = try passed.clamp(high: Double(vocabularySize - 1)).to(.int64)
        let token = try Tensor.where(isGreedy, logits.argmax(1), sampled)
        func of(_ rows: Tensor) throws -> Tensor {
            try rows.gather(1, token.unsqueeze(1)).squeeze(1)
        }
        return (token, try of(scaled).maskedFill(isGreedy, 0), try of(logits.logSoftmax()))
    }

    /// What the last `length` steps drew for the first `rows` lanes: [length][rows].
    func drawn(rows: Int, length: Int) throws -> [[Kernels.Drawn]] {
        func host(_ tensor: Tensor) throws -> Tensor {
            try tensor.narrow(0, 0, length).narrow(1, 0, rows).contiguous().to(.cpu)
        }
        let tokens = try host(drawnTokens).ints()
        let logs = try host(logProbabilities).floats()
        let raws = try host(rawLogProbabilities).floats()
        return (0..<length).map { index in
            (0..<rows).map { lane in
                let place = index * rows + lane
                guard raws[place].isFinite, logs[place].isFinite else { return .logitsNotFinite }
                return .token(
                    Int32(tokens[place]), logProbability: logs[place],
                    rawLogProbability: raws[place])
            }
        }
    }
}
