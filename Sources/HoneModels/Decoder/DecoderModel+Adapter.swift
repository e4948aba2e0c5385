import Torch

extension DecoderModel {
    /// Every linear layer that an adapter can be put on, by its published path; the head last.
    public var linearNames: [String] {
        linears.flatMap { $0.parts.map(\.name) }
    }

    /// The decoder's linear layers in the order of the computation, then the head.
    var linears: [Linear] { layers.flatMap(\.linears) + [head] }

    /// The adapters in place, in the order of ``linearNames``.
    var adapters: [LoRAAdapter] { linears.flatMap { $0.adapters.compactMap { $0 } } }

    /// Puts a new adapter on the layers that `config` names and freezes the model itself.
    ///
    /// A is drawn uniformly from ±1/√I, as peft draws it (Kaiming uniform with a = √5), B is zero: the
    /// model computes what it did before.
    /// - Parameter seed: A of each layer depends on it and on the layer's place alone.
    /// - Parameter config: Rank, scale and targets.
    /// - Throws: ``ModelError/noSuchTarget(target:known:)`` for a target that names no layer.
    public func addAdapter(_ config: LoRAConfig, seed: UInt64) throws {
        try config.validate()
        let chosen = try targets(config.targets)
        try setAdapters(config) { name, ordinal, linear, rows in
            guard chosen.contains(name) else { return nil }
            let rank = config.rank(of: name)
            let bound = 1 / Double(linear.inputWidth).squareRoot()
            let uniform = try Tensor.rand(
                [rank, linear.inputWidth], seed: CounterSeed.mix(seed, UInt64(ordinal)))
            return (
                down: try ((uniform * 2 - 1) * bound).to(self.device),
                up: try Tensor.zeros([rows, rank], device: self.device)
            )
        }
        adapterBase = quantization
    }

    /// Takes the adapter away and leaves the model as it was loaded.
    public func removeAdapter() {
        for linear in linears {
            for part in linear.parts.indices { linear.setAdapter(nil, part: part) }
        }
        adapterConfig = nil
        adapterBase = nil
    }

    /// Puts on each layer the pair (A, B) that `matrices` gives for it, or none where it gives none.
    func setAdapters(
        _ config: LoRAConfig,
        matrices: (_ name: String, _ ordinal: Int, _ linear: Linear, _ rows: Int) throws
            -> (down: Tensor, up: Tensor)?
    ) throws {
        var made: [(Linear, Int, LoRAAdapter)] = []
        var ordinal = 0
        for linear in linears {
            for (index, part) in linear.parts.enumerated() {
                defer { ordinal += 1 }
                guard
                    let pair = try withoutGradients(
                        { try matrices(part.name, ordinal, linear, part.rows.count) })
                else { continue }
                let rank = try pair.down.size(0)
                let adapter = LoRAAdapter(
                    name: part.name, down: pair.down, up: pair.up,
                    scale: config.scale(of: part.name, rank: rank), dropout: config.dropout,
                    ordinal: ordinal)
                adapter.down.requiresGradient = true
                adapter.up.requiresGradient = true
                made.append((linear, index, adapter))
            }
        }
        removeAdapter()
        freeze()
        for (linear, index, adapter) in made { linear.setAdapter(adapter, part: index) }
        adapterConfig = config
    }

    /// The layers that `targets` names, each target checked to name at least one.
    private func targets(_ targets: LoRAConfig.Targets) throws -> Set<String> {
        switch targets {
        case .allLinear:
            return Set(layers.flatMap(\.linears).flatMap { $0.parts.map(\.name) })
        case .names(let names):
            var chosen: Set<String> = []
            for name in names {
                let matching = linearNames.filter { LoRAConfig.path($0, endsWith: name) }
                guard !matching.isEmpty else {
                    let kinds = Set(linearNames.compactMap { $0.split(separator: ".").last })
                    throw ModelError.noSuchTarget(
                        target: name, known: kinds.map(String.init).sorted())
                }
                chosen.formUnion(matching)
            }
            return chosen
        }
    }
}
