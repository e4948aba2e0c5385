import Foundation
import TestSupport
import Testing
import Torch

@testable import HoneModels

/// Each family against transformers, on small random models (`Tools/fixtures/models.py`).
@Suite struct FamilyParityTests {
    @Test(arguments: ParityCase.all) func logitsAgree(_ parity: ParityCase) throws {
        let expected = try parity.expected()
        let logits = try withoutGradients {
            try parity.model().logits(ofSequence: expected.tensor("tokens"))
        }
        let distance = try distance(logits, expected.tensor("logits"))
        #expect(distance < 1e-4)
    }

    @Test(arguments: ParityCase.all) func greedyContinuationIsIdentical(_ parity: ParityCase) throws
    {
        let expected = try parity.expected()
        let continuation = try expected.tensor("greedy").ints()
        var tokens = Array(try expected.tensor("tokens").ints().prefix(8))
        let model = try parity.model()
        try withoutGradients {
            for _ in continuation {
                let logits = try model.logits(ofSequence: Tensor(tokens))
                tokens.append(try logits.select(0, tokens.count - 1).argmax().intItem())
            }
        }
        #expect(Array(tokens.dropFirst(8)) == continuation)
    }

    @Test(arguments: ParityCase.all) func gradientsOfAllWeightsAgree(_ parity: ParityCase) throws {
        let expected = try parity.expected()
        let model = try parity.model()
        model.unfreeze()
        try model.loss(
            tokens: expected.tensor("tokens"), weights: expected.tensor("lossWeights")
        ).backward()
        let gradients = try model.publishedParameters(gradients: true)
        let names = expected.names.filter { $0.hasPrefix("gradient.") }
        #expect(gradients.count == names.count)
        for gradient in gradients {
            // The multimodal folder's reference is the text model alone.
            let name = gradient.name.replacing("language_model.", with: "")
            let distance = try relativeDistance(
                gradient.tensor, expected.tensor("gradient." + name))
            #expect(distance < 1e-3, "\(name)")
        }
    }

    @Test(arguments: ParityCase.all) func adapterOfPeftAgrees(_ parity: ParityCase) throws {
        let expected = try parity.expected()
        let model = try parity.model()
        try AdapterFile.load(folder: parity.adapterFolder, into: model)
        let tokens = try expected.tensor("tokens")
        let logits = try withoutGradients { try model.logits(ofSequence: tokens) }
        let logitsDistance = try distance(logits, expected.tensor("adapterLogits"))
        #expect(logitsDistance < 1e-4)

        try model.loss(tokens: tokens, weights: expected.tensor("lossWeights")).backward()
        let parameters = model.trainableParameters
        let names = expected.names.filter { $0.hasPrefix("adapterGradient.") }
        #expect(parameters.count == names.count)
        for parameter in parameters {
            let gradient = try #require(parameter.tensor.gradient)
            let name = parameter.name.replacing("model.language_model.", with: "model.")
            let distance = try relativeDistance(
                gradient, expected.tensor("adapterGradient." + name))
            #expect(distance < 1e-3, "\(parameter.name)")
        }
        #expect(try model.publishedParameters(gradients: true).isEmpty, "the base is frozen")

        model.adapterEnabled = false
        let reference = try withoutGradients { try model.logits(ofSequence: tokens) }
        let referenceDistance = try distance(reference, expected.tensor("logits"))
        #expect(referenceDistance < 1e-4)
    }

    /// Rounding differs in detail from transformers' (scores and norms stay in float32 for longer), so
    /// single elements may be further off where the mean is not; transformers' own furthest are 5 to
    /// 16 times its mean.
    @Test(arguments: ParityCase.all.filter { $0.bfloat16Error != nil })
    func bfloat16IsAsExactAsTransformers(_ parity: ParityCase) throws {
        let expected = try parity.expected()
        let logits = try withoutGradients {
            try parity.model(dtype: .bfloat16).logits(ofSequence: expected.tensor("tokens"))
        }
        #expect(logits.dtype == .bfloat16)
        let error = try (logits.to(.float32) - expected.tensor("logits")).abs()
        let reference = try #require(parity.bfloat16Error)
        let (mean, max) = (try error.mean().item(), try error.amax().item())
        #expect(mean < reference.mean * 1.1)
        #expect(max < reference.mean * 16)
    }
}
