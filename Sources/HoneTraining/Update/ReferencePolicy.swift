import Foundation
import HoneModels
import Torch

/// The policy that the KL term holds on to.
enum ReferencePolicy {
    /// `beta` is 0: nothing is computed or kept.
    case none
    /// The same weights with the adapter switched off.
    case adapterOff(DecoderModel)
    /// A copy, for full fine-tuning and for a reference that moves.
    case copy(DecoderModel, ReferenceMotion?)

    /// log π_ref [M] of each batch's targets, nats; `nil` without a reference.
    func logProbabilities(
        of batches: [PackedBatch], _ forward: PackedForward, _ lanes: PassLanes
    ) throws -> [[Float]?] {
        func all(_ forward: PackedForward) throws -> [[Float]?] {
            try lanes.map(batches.count) { index in
                try withoutGradients { try forward(batches[index]).logProbabilities.floats() }
            }
        }
        switch self {
        case .none: return batches.map { _ in nil }
        case .adapterOff(let model):
            model.adapterEnabled = false
            defer { model.adapterEnabled = true }
            return try all(forward)
        case .copy(let model, _):
            return try all(PackedForward(model: model, temperature: forward.temperature))
        }
    }

    /// What ``follow(_:step:)`` changes.
    var movingWeights: [Tensor] {
        get throws {
            guard case .copy(let model, .some) = self else { return [] }
            return try model.publishedParameters().map(\.tensor)
        }
    }

    /// Moves after optimiser step `step`, where it is time to.
    func follow(_ policy: DecoderModel, step: Int) throws {
        guard case .copy(let model, let motion?) = self, step.isMultiple(of: motion.interval) else {
            return
        }
        try model.move(towards: policy, share: motion.share)
    }
}

/// How the reference follows the policy: every `interval` optimiser steps
/// π_ref ← share · π + (1 − share) · π_ref, in the weights.
///
/// Source: TR-DPO (arXiv 2404.09656, eq. 7). TRL refuses it with an adapter; here the reference is then a
/// whole model, into which the adapter's product is mixed.
struct ReferenceMotion: Sendable, Hashable {
    /// α. Range (0, 1].
    var share: Double
    /// Optimiser steps. At least 1.
    var interval: Int
}

/// What a moved reference adds to a checkpoint: `reference.safetensors`, its weights by name.
extension ReferencePolicy {
    private static let fileName = "reference.safetensors"

    func write(to folder: URL) throws {
        guard case .copy(let model, .some) = self else { return }
        try SafeTensorsWriter.write(
            model.publishedParameters().map { (name: $0.name, tensor: $0.tensor) },
            to: folder.appending(path: Self.fileName))
    }

    func restore(from folder: URL) throws {
        guard case .copy(let model, .some) = self else { return }
        let file = try SafeTensorsReader(folder.appending(path: Self.fileName))
        try withoutGradients {
            for parameter in try model.publishedParameters() {
                try parameter.tensor.copy_(file.tensor(parameter.name))
            }
        }
    }
}
