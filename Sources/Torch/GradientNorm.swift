import CTorch

/// The norm √(Σ g²) over the gradients of all `parameters`, summed in double precision.
public func gradientNorm(_ parameters: [Tensor]) throws(TorchError) -> Double {
    var norm = 0.0
    try check(
        withHandles(parameters) { ct_gradient_norm($0, $1, &norm) }, "gradientNorm", parameters)
    return norm
}

/// Scales all gradients by min(1, `maximum` / (norm + 1e-6)), as `torch.nn.utils.clip_grad_norm_`,
/// and returns the norm before. Where the norm is not finite nothing is scaled: skip the step then.
///
/// - Source: Pascanu et al. 2013, arXiv 1211.5063, algorithm 1.
@discardableResult
public func clipGradientNorm(
    _ parameters: [Tensor], maximum: Double
) throws(TorchError) -> Double {
    let norm = try gradientNorm(parameters)
    let scale = maximum / (norm + 1e-6)
    if norm.isFinite, scale < 1 {
        try check(
            withHandles(parameters) { ct_scale_gradients($0, $1, scale) }, "clipGradientNorm",
            parameters)
    }
    return norm
}
