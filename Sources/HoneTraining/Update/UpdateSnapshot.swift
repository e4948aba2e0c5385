import Torch

/// Where an update of several optimiser steps began, to go back to if a later one fails.
///
/// An update of one optimiser step needs none, since nothing moves before its gradient has been found
/// finite. Copies take as much memory as the trained parameters and the optimiser's state, and a
/// reference that moves.
struct UpdateSnapshot {
    private let weights: [(tensor: Tensor, copy: Tensor)]
    private let optimizerState: [String: Tensor]

    /// - Parameters:
    ///   - optimizer: whose parameters and state are copied.
    ///   - reference: its weights are copied where it moves.
    init(_ optimizer: any Optimizer, _ reference: ReferencePolicy) throws {
        let moving = try optimizer.parameters + reference.movingWeights
        (weights, optimizerState) = try withoutGradients {
            (
                try moving.map { (tensor: $0, copy: try $0.detached().clone()) },
                Dictionary(
                    uniqueKeysWithValues: try optimizer.state().map {
                        ($0.name, try $0.tensor.detached().clone())
                    })
            )
        }
    }

    /// Makes everything what it was, to the bit.
    func restore(_ optimizer: any Optimizer) throws {
        try withoutGradients {
            for (tensor, copy) in weights { try tensor.copy_(copy) }
            try optimizer.loadState { optimizerState[$0] }
        }
    }
}
